import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawClient } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'
import { visit } from './visitor.ts'

const catalina = '/usr/share/tomcat10/bin/catalina.sh'
const skip = missing(catalina) && 'Tomcat is not installed (apt-get install tomcat10-common)'

const page = (java: string): string => `<%@ page session="false" trimDirectiveWhitespaces="true" %><% ${java} %>`

/** A Tomcat with one connector, JSP pages and nothing else. */
const base = (port: number): Readonly<Record<string, string>> => ({
  'conf/server.xml': `<Server port="-1"><Service name="Catalina"><Connector port="${port}" address="127.0.0.1" />
    <Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps">
    <Valve className="org.apache.catalina.valves.RemoteIpValve" protocolHeader="X-Forwarded-Proto" portHeader="X-Forwarded-Port" />
    </Host></Engine></Service></Server>`,
  'conf/web.xml': `<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
    <servlet><servlet-name>default</servlet-name><servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class></servlet>
    <servlet><servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class></servlet>
    <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
    <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
    <welcome-file-list><welcome-file>index.jsp</welcome-file></welcome-file-list></web-app>`,
  'webapps/shop/index.jsp': page(`out.print("at " + request.getRequestURL());`),
  'webapps/shop/form.jsp': page(`
    var session = request.getSession();
    if (request.getMethod().equals("POST")) {
      session.setAttribute("name", request.getParameter("name"));
      var target = response.encodeRedirectURL("form.jsp");
      response.sendRedirect(request.getParameter("whole") == null ? target : request.getRequestURL().toString());
    } else out.print("name " + session.getAttribute("name"));`),
  'webapps/shop/stream.jsp': page(`
    out.print("first "); out.flush(); response.flushBuffer();
    synchronized (application) { while (application.getAttribute("go") == null) application.wait(); }
    application.removeAttribute("go"); out.print("last");`),
  'webapps/shop/release.jsp': page(`
    synchronized (application) { application.setAttribute("go", true); application.notifyAll(); } out.print("released");`),
  'temp/.keep': '',
})

async function startTomcat(folder: TempFolder): Promise<{ tomcat: Program; port: number }> {
  const port = await freePort()
  await folder.write(base(port))
  const env = ['env', `CATALINA_BASE=${folder.path}`, `CATALINA_TMPDIR=${folder.join('temp')}`]
  return { tomcat: await Program.start([...env, catalina, 'run'], port), port }
}

test(
  'a servlet application of Tomcat has its pages, forms, sessions, redirects and streams behind the preset',
  {
    skip,
  },
  async () => {
    using folder = new TempFolder()
    const { tomcat, port } = await startTomcat(folder)
    await using _tomcat = tomcat
    await visit('tomcat', port, async (visitor) => {
      const { origin } = visitor
      assert.equal(visitor.redirectOf(await visitor.fetch('/shop')), '/shop/')
      // Its valve takes the scheme of the browser.
      assert.equal(await visitor.text('/shop/'), `at ${origin}/shop/index.jsp`.replace('/index.jsp', '/'))
      assert.equal(await visitor.text('/shop/form.jsp'), 'name null')
      assert.ok(visitor.cookie('JSESSIONID') !== undefined)
      const next = visitor.redirectOf(await visitor.post('/shop/form.jsp', { name: 'Ann' }))
      assert.equal(next, '/shop/form.jsp')
      assert.equal(await visitor.text(next), 'name Ann')
      const whole = await visitor.post('/shop/form.jsp', { name: 'Bob', whole: 'yes' })
      assert.equal(visitor.redirectOf(whole), '/shop/form.jsp')
      await visitor.readStream('/shop/stream.jsp', ['first ', 'last'], () => visitor.text('/shop/release.jsp'))
      assert.equal((await visitor.fetch('/shop/missing')).status, 404)
    })
    // Tomcat sends `HTTP/1.1 404 ` without a reason, and clients get the usual one.
    await using front = await startServer({}, { preset: 'tomcat', upstream: `http://127.0.0.1:${port}` })
    using client = await RawClient.open(front.port)
    for (const [path, status, reason] of [
      ['/shop/missing', 404, 'Not Found'],
      ['/shop/', 200, 'OK'],
    ] as const) {
      const reply = await client.send(`GET ${path} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply()
      assert.deepEqual([reply.status, reply.reason], [status, reason])
    }
  },
)
