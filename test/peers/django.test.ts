import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { request } from 'node:http'
import { test } from 'node:test'
import { startServer, TempFolder, type Started } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { Program } from './program.ts'
import { visit } from './visitor.ts'

const python = '/usr/bin/python3'
const skip =
  spawnSync(python, ['-c', 'import django']).status === 0
    ? false
    : 'Django is not installed (apt-get install python3-django)'

/** A project in one file: it shows the request and its client, a form with a CSRF token, and a redirect. */
const project = `
import hashlib, sys, threading
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.urls import path, re_path

settings.configure(
    DEBUG=True, SECRET_KEY='test', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['localhost', '127.0.0.1', 'django.test'],
    USE_X_FORWARDED_HOST=True, SECURE_PROXY_SSL_HEADER=('HTTP_X_FORWARDED_PROTO', 'https'),
    MIDDLEWARE=['django.middleware.common.CommonMiddleware', 'django.middleware.csrf.CsrfViewMiddleware'],
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
)

from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
def upload(request):
    return JsonResponse({'bytes': len(request.body), 'sha256': hashlib.sha256(request.body).hexdigest()})

def about(request):
    return JsonResponse({
        'url': request.build_absolute_uri(), 'user': request.META.get('HTTP_REMOTE_USER', ''),
        'address': request.META.get('HTTP_X_FORWARDED_FOR', ''), 'host': request.META['HTTP_HOST'],
        'script': request.META.get('SCRIPT_NAME', ''), 'query': request.META['QUERY_STRING'],
    })

def form(request):
    if request.method == 'POST':
        return HttpResponse('posted ' + request.POST['text'])
    return HttpResponse(get_token(request))

go = threading.Event()

def stream(request):
    def parts():
        yield 'first '
        go.wait()
        go.clear()
        yield 'last'
    return StreamingHttpResponse(parts())

def release(request):
    go.set()
    return HttpResponse('released')

urlpatterns = [
    path('stream', stream), path('release', release),
    path('upload', upload), path('about', about), path('form', form),
    path('away', lambda request: HttpResponseRedirect(request.build_absolute_uri('/about'))),
]

if __name__ == '__main__':
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
`

async function startDjango(folder: TempFolder): Promise<{ django: Program; port: number }> {
  await folder.write({ 'project.py': project })
  const port = await freePort()
  const command = [python, 'project.py', 'runserver', '--noreload', `127.0.0.1:${port}`]
  return { django: await Program.start(command, port, folder.path), port }
}

/** Sends chunked content, as \`node:http\` does without Content-Length. */
function postChunked({ port }: Started, path: string, content: Buffer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, method: 'POST', headers: { host: `localhost:${port}` } })
    sent.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
    })
    sent.write(content.subarray(0, 10))
    sent.end(content.subarray(10))
  })
}

test('a chunked upload arrives complete at runserver with buffer, and not without', { skip }, async () => {
  using folder = new TempFolder()
  const { django, port } = await startDjango(folder)
  await using _django = django
  const to = `http://127.0.0.1:${port}`
  const remarks: string[] = []
  await using front = await startServer({}, { proxy: { '/': { to, buffer: true }, '/plain': `${to}/` }, live: false })
  front.server.on('reply', ({ remark }) => remarks.push(remark))
  for (const size of [11, 100_000, 3_000_000]) {
    const content = Buffer.alloc(size, 'chunks for Django. ')
    const sha256 = createHash('sha256').update(content).digest('hex')
    assert.deepEqual(await postChunked(front, '/upload', content), { bytes: size, sha256 })
  }
  assert.ok(remarks.every((remark) => !remark.includes('buffer')))
  const lost = new Promise<string>((resolve) => front.server.on('reply', ({ remark }) => resolve(remark)))
  const { bytes } = (await postChunked(front, '/plain/upload', Buffer.from('hello'))) as { bytes: number }
  assert.equal(bytes, 0)
  assert.match(await lost, /try buffer: true/)
})

test('runserver gets the client and URL from the proxy, and no claim of the client', { skip }, async () => {
  using folder = new TempFolder()
  const { django, port } = await startDjango(folder)
  await using _django = django
  const to = `http://127.0.0.1:${port}`
  await using front = await startServer(
    {},
    { proxy: { '/': to, '/named': { to: `${to}/`, headers: { host: 'django.test' } } } },
  )
  const origin = `http://localhost:${front.port}`
  const claims = { 'remote-user': 'root', remote_user: 'root', 'script-name': '/evil', 'x-forwarded-for': '6.6.6.6' }
  const seen = (await (await fetch(`${origin}/about?re=\\d|^x`, { headers: claims })).json()) as object
  assert.deepEqual(seen, {
    ...{ url: `${origin}/about?re=%5Cd%7C%5Ex`, user: '', address: '127.0.0.1', host: `localhost:${front.port}` },
    ...{ script: '', query: 're=\\d|^x' },
  })
  const named = (await (await fetch(`${origin}/named/about`)).json()) as { host: string; url: string }
  assert.deepEqual([named.host, named.url], ['django.test', `${origin}/about`])
  const redirect = await fetch(`${origin}/away`, { redirect: 'manual' })
  assert.equal(redirect.headers.get('location'), `${origin}/about`)
})

test('accepts a form with its CSRF token through a route', { skip }, async () => {
  using folder = new TempFolder()
  const { django, port } = await startDjango(folder)
  await using _django = django
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${port}` } })
  const origin = `http://localhost:${front.port}`
  const shown = await fetch(`${origin}/form`)
  const cookie = shown.headers
    .getSetCookie()
    .map((each) => each.split(';', 1)[0])
    .join('; ')
  const body = new URLSearchParams({ text: 'hello', csrfmiddlewaretoken: await shown.text() })
  const posted = await fetch(`${origin}/form`, { method: 'POST', headers: { cookie, origin }, body })
  assert.equal(await posted.text(), 'posted hello')
})

test('a Django site has its pages, forms, uploads, redirects and streams behind the preset', { skip }, async () => {
  using folder = new TempFolder()
  const { django, port } = await startDjango(folder)
  await using _django = django
  await visit('django', port, async (visitor) => {
    const { url } = (await (await visitor.fetch('/about')).json()) as { url: string }
    assert.equal(url, `${visitor.origin}/about`)
    const csrfmiddlewaretoken = await visitor.text('/form')
    const posted = await visitor.post('/form', { text: 'hello', csrfmiddlewaretoken })
    assert.equal(await posted.text(), 'posted hello')
    assert.equal((await visitor.post('/form', { text: 'hello' })).status, 403)
    assert.equal(visitor.redirectOf(await visitor.fetch('/away')), '/about')
    const chunked = new Blob(['chunks for Django. '.repeat(10_000)]).stream()
    const upload = await visitor.fetch('/upload', { method: 'POST', body: chunked, duplex: 'half' })
    assert.equal(((await upload.json()) as { bytes: number }).bytes, 190_000)
    await visitor.readStream('/stream', ['first ', 'last'], () => visitor.text('/release'))
  })
})
