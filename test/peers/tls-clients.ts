import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TempFolder } from '../support/server.ts'
import { missing, missingModules } from './program.ts'

const execute = promisify(execFile)

/** The server from which clients request `/hello.txt`. */
export interface Task {
  readonly port: number
  /** Certificate of the authority (PEM). */
  readonly ca: string
  readonly folder: TempFolder
}

async function output(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute(program, args, { env: { PATH: process.env['PATH'], ...env }, timeout: 120_000 })
  return stdout
}

const python = `
import socket, ssl, sys
ca, port, *hosts = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host in hosts:
    with context.wrap_socket(socket.create_connection(('127.0.0.1', port)), server_hostname=host) as s:
        s.sendall(f'GET /hello.txt HTTP/1.0\\r\\nHost: {host}:{port}\\r\\n\\r\\n'.encode())
        print(s.makefile('rb').read().decode().rpartition('\\r\\n')[2])
`

const twisted = `
import sys
from twisted.internet import reactor, defer, endpoints, ssl, task
from twisted.web.client import Agent, readBody
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer
ca, port, *hosts = sys.argv[1:]
authority = ssl.Certificate.loadPEM(open(ca).read())

@implementer(IAgentEndpointFactory)
class Local:
    def endpointForURI(self, uri):
        tls = ssl.optionsForClientTLS(uri.host.decode(), trustRoot=authority)
        return endpoints.wrapClientTLS(tls, endpoints.TCP4ClientEndpoint(reactor, '127.0.0.1', uri.port))

@defer.inlineCallbacks
def main(reactor):
    agent = Agent.usingEndpointFactory(reactor, Local())
    for host in hosts:
        try:
            response = yield agent.request(b'GET', f'https://{host}:{port}/hello.txt'.encode())
            body = yield readBody(response)
            print(body.decode())
        except Exception as error:
            print(host, [repr(reason.value) for reason in getattr(error, 'reasons', [])] or repr(error))

task.react(main)
`

const go = `package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	pem, _ := os.ReadFile(os.Args[1])
	port := os.Args[2]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}}
	for _, host := range os.Args[3:] {
		response, err := client.Get("https://" + host + ":" + port + "/hello.txt")
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		fmt.Println(string(body))
	}
}
`

const java = `
import java.io.*;
import java.net.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Client {
  public static void main(String[] words) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = new FileInputStream(words[0])) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    int port = Integer.parseInt(words[1]);
    for (int i = 2; i < words.length; i++) {
      try {
        Socket plain = new Socket("127.0.0.1", port);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, words[i], port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        String head = "GET /hello.txt HTTP/1.0\\r\\nHost: " + words[i] + ":" + port + "\\r\\n\\r\\n";
        socket.getOutputStream().write(head.getBytes());
        String text = new String(socket.getInputStream().readAllBytes());
        System.out.println(text.substring(text.indexOf("\\r\\n\\r\\n") + 4));
      } catch (Exception error) {
        System.out.println(error);
      }
    }
  }
}
`

const node = `
import { connect } from 'node:http2'
import { readFileSync } from 'node:fs'
const [ca, port, ...hosts] = process.argv.slice(1)
for (const host of hosts) {
  const session = connect('https://' + host + ':' + port, {
    ca: readFileSync(ca),
    lookup: (name, options, done) => options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  })
  const stream = session.request({ ':path': '/hello.txt' })
  stream.setEncoding('utf8')
  let text = ''
  for await (const chunk of stream) text += chunk
  console.log(text)
  session.close()
}
`

export interface Client {
  readonly skip: string | false
  /** Whether the client can connect to a host. Default: to every host. */
  readonly canAsk?: (host: string) => boolean
  /** Prints a line for each host: `hello`, or the error. Every name resolves to 127.0.0.1. */
  run(task: Task, asked: readonly string[]): Promise<string>
}

/** Programs that verify certificates, each with a different implementation. */
export const tlsClients: Readonly<Record<string, Client>> = {
  curl: {
    skip: missing('curl'),
    async run({ ca, port }, asked) {
      const words = asked.flatMap((host) => ['--resolve', `${host}:${port}:127.0.0.1`])
      const urls = asked.map((host) => `https://${host}:${port}/hello.txt`)
      return output('curl', ['-sS', '--cacert', ca, '-w', String.raw`\n`, ...words, ...urls])
    },
  },
  'OpenSSL, of the certificate that each host gets': {
    skip: missing('openssl'),
    async run({ ca, port }, asked) {
      const lines = asked.map(async (host) => {
        const isAddress = host === '127.0.0.1'
        const check = isAddress
          ? ['-noservername', '-verify_ip', host]
          : ['-servername', host, '-verify_hostname', host]
        const words = ['-CAfile', ca, '-x509_strict', '-verify_return_error', '-connect', `127.0.0.1:${port}`, ...check]
        const text = await output('sh', ['-c', 'openssl s_client "$@" </dev/null', 'sh', ...words])
        return /Verify return code: 0/.test(text) || /Verification: OK/.test(text) ? 'hello' : text
      })
      return (await Promise.all(lines)).join('\n')
    },
  },
  'Python’s ssl, as strict as version 3.13 is': {
    skip: missing('python3'),
    run: ({ ca, port }, asked) => output('python3', ['-c', python, ca, String(port), ...asked]),
  },
  'Node, over HTTP/2': {
    skip: false,
    run: ({ ca, port }, asked) =>
      output(process.execPath, ['--input-type=module', '-e', node, ca, String(port), ...asked]),
  },
  'Twisted with service_identity': {
    skip: missingModules('twisted', 'service_identity', 'OpenSSL'),
    // This client applies IDNA 2008 to URLs, which forbids underscores.
    canAsk: (host) => !host.includes('_'),
    run: ({ ca, port }, asked) => output('/usr/bin/python3', ['-c', twisted, ca, String(port), ...asked]),
  },
  'GnuTLS, of the certificate that each host gets': {
    skip: missing('gnutls-cli'),
    async run({ ca, port }, asked) {
      const lines = asked.map(async (host) => {
        const words = ['--x509cafile', ca, '--port', String(port), '--verify-hostname', host]
        const names = host === '127.0.0.1' ? ['--disable-sni'] : ['--sni-hostname', host]
        const text = await output('sh', ['-c', 'gnutls-cli "$@" </dev/null', 'sh', ...words, ...names, '127.0.0.1'])
        return /Status: The certificate is trusted/.test(text) ? 'hello' : text
      })
      return (await Promise.all(lines)).join('\n')
    },
  },
  Java: {
    skip: missing('java'),
    // Java does not accept this as a host name, and sends no SNI for it.
    canAsk: (host) => !host.includes('_'),
    async run({ ca, port, folder }, asked) {
      await folder.write({ 'Client.java': java })
      return output('java', [folder.join('Client.java'), ca, String(port), ...asked])
    },
  },
  'Bun, whose BoringSSL checks no address against constraints': {
    skip: missing('bun'),
    // It resolves other names by the system.
    canAsk: (host) => host.endsWith('localhost'),
    async run({ ca, port }, asked) {
      const script = `for (const url of process.argv.slice(1)) console.log(await (await fetch(url)).text())`
      const urls = asked.map((host) => `https://${host}:${port}/hello.txt`)
      return output('bun', ['-e', script, ...urls], { NODE_EXTRA_CA_CERTS: ca })
    },
  },
  'Deno, which has rustls': {
    skip: missing('deno'),
    // It resolves other names by the system.
    canAsk: (host) => host === 'localhost' || host === '127.0.0.1',
    async run({ ca, port, folder }, asked) {
      await folder.write({ 'client.mjs': `for (const url of Deno.args) console.log(await (await fetch(url)).text())` })
      const urls = asked.map((host) => `https://${host}:${port}/hello.txt`)
      const words = ['run', '--allow-net', '--cert', ca, folder.join('client.mjs'), ...urls]
      return output('deno', words, { DENO_DIR: folder.join('deno'), NO_COLOR: '1' })
    },
  },
  'Go’s crypto/x509': {
    skip: missing('go'),
    async run({ ca, port, folder }, asked) {
      await folder.write({ 'main.go': go })
      const env = { HOME: folder.path, GOCACHE: folder.join('cache'), GO111MODULE: 'off', GOTOOLCHAIN: 'local' }
      return output('go', ['run', folder.join('main.go'), ca, String(port), ...asked], env)
    },
  },
}
