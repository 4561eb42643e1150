import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RequestHeaders } from '../../../../src/http/message/headers.ts'
import { isNavigation, navigationFields } from '../../../../src/http/semantics/navigation.ts'

const chromium = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8'
const firefox = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

/** Fields as browsers send them: `Sec-Fetch-Dest`, `Sec-Fetch-Mode`, `Accept`, `Upgrade-Insecure-Requests`. */
function sent(dest: string, mode: string, accept: string, upgrade = ''): RequestHeaders {
  const fields = {
    'Sec-Fetch-Dest': dest,
    'Sec-Fetch-Mode': mode,
    Accept: accept,
    'Upgrade-Insecure-Requests': upgrade,
  }
  return new RequestHeaders(Object.entries(fields).flatMap(([name, value]) => (value === '' ? [] : [name, value])))
}

// Recorded from Chromium 156 and Firefox 153.
describe('a navigation that a service worker forwards', () => {
  for (const [form, ...fields] of [
    ['fetch(event.request) in Chromium', 'navigate', chromium],
    ['fetch(event.request) in Firefox', 'same-origin', firefox],
    ['new Request(event.request) in Chromium', 'navigate', chromium],
    ['new Request(event.request) in Firefox', 'same-origin', firefox],
    ['fetch(event.request, { cache }) in Chromium', 'same-origin', chromium],
    ['new Request(event.request, { mode: "cors" })', 'cors', chromium],
    ['new Request(url, { headers }) in Chromium', 'cors', chromium],
    ['new Request(url, { headers }) in Firefox', 'cors', firefox],
  ] as const) {
    test(form, () => assert.ok(isNavigation(sent('empty', fields[0], fields[1], '1'))))
  }

  test('is known by its mode alone, or by Upgrade-Insecure-Requests with Accept', () => {
    assert.ok(isNavigation(sent('empty', 'navigate', '*/*')))
    assert.ok(!isNavigation(sent('empty', 'cors', '*/*', '1')))
    assert.ok(!isNavigation(sent('empty', 'cors', chromium, '0')))
  })
})

describe('a navigation of the browser', () => {
  test('has the destination of a document', () => {
    for (const dest of ['document', 'iframe', 'frame', 'embed', 'object']) {
      assert.ok(isNavigation(sent(dest, 'navigate', chromium, '1')), dest)
      assert.ok(isNavigation(sent(dest, '', '')), dest)
    }
    for (const dest of ['image', 'script', 'style', 'worker', 'serviceworker', 'video', 'document, document']) {
      assert.ok(!isNavigation(sent(dest, 'navigate', chromium, '1')), dest)
    }
  })

  test('has an Accept with text/html over plain HTTP, except on localhost', () => {
    assert.ok(isNavigation(sent('', '', chromium, '1')))
    assert.ok(isNavigation(sent('', '', 'Text/HTML')))
    assert.ok(isNavigation(sent('', 'navigate', '')))
    assert.ok(!isNavigation(sent('', '', '*/*')))
    assert.ok(!isNavigation(sent('', '', '')))
  })
})

describe('HTML that a script fetches is not a navigation', () => {
  test('when a page, a worker or a service worker calls fetch()', () => {
    for (const mode of ['cors', 'same-origin', 'no-cors', '']) {
      for (const accept of ['*/*', 'text/html', 'text/html, application/xhtml+xml', '']) {
        assert.ok(!isNavigation(sent('empty', mode, accept)), `${mode} ${accept}`)
      }
    }
    assert.ok(!isNavigation(sent('', 'cors', 'text/html')))
  })

  test('when a library marks the request, without fetch metadata', () => {
    for (const mark of ['X-Requested-With', 'HX-Request', 'Turbo-Frame']) {
      assert.ok(!isNavigation(new RequestHeaders(['Accept', chromium, mark, 'true'])), mark)
      assert.ok(isNavigation(new RequestHeaders(['Sec-Fetch-Dest', 'document', mark, 'com.example.app'])), mark)
    }
  })
})

test('names no field for Vary that prevents a service worker from finding a stored page', () => {
  assert.deepEqual(navigationFields(sent('empty', 'cors', '*/*')), ['Sec-Fetch-Dest', 'Sec-Fetch-Mode'])
  assert.ok(navigationFields(sent('', '', chromium)).includes('Accept'))
})
