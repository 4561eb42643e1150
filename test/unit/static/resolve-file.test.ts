import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { StaticOptions } from '../../../src/static/static.ts'
import { ask, folder, site } from './site.ts'
import { redirectTo } from '../../../src/static/resolve-file.ts'

const files = {
  'index.html': 'home',
  'about.html': 'about',
  'sub/index.html': 'sub',
  'both.html': 'both page',
  'both/index.html': 'both index',
  'mixed.html': 'mixed page',
  'mixed/a.txt': 'a',
  'list/a.txt': 'a',
  'style.css': 'css',
  'snow ☃/index.html': 'snow',
  'v1.2.html': 'v1.2',
}

/** Status and content, or status and location of a redirect. */
const tables: Record<string, { options: Partial<StaticOptions>; answers: Record<string, string> }> = {
  'by default': {
    options: {},
    answers: {
      '/': '200 home',
      '/about': '200 about',
      '/about/': '200 about',
      '/about.html': '200 about',
      '/about.html/': '404',
      '/sub': '307 /sub/',
      '/sub?foo=bar': '307 /sub/?foo=bar',
      '//sub': '307 /sub/',
      '/sub/': '200 sub',
      '/sub/index': '200 sub',
      '/sub/index.html': '200 sub',
      '/both': '200 both page',
      '/both/': '200 both index',
      '/mixed': '200 mixed page',
      '/style.css': '200 css',
      '/style': '404',
      '/style.css/': '404',
      '/v1.2': '200 v1.2',
      '/snow%20%E2%98%83': '307 /snow%20%E2%98%83/',
      '/list': '307 /list/',
      '//evil.test': '404',
      '//evil.test/%2e%2e': '400',
    },
  },
  'without clean URLs': {
    options: { cleanUrls: false },
    answers: {
      '/about': '404',
      '/about/': '404',
      '/about.html': '200 about',
      '/both': '307 /both/',
      '/sub/': '200 sub',
    },
  },
  'with trailing slashes always': {
    options: { trailingSlash: 'always' },
    answers: {
      '/': '200 home',
      '/about?x=1': '307 /about/?x=1',
      '/about/': '200 about',
      '/about.html': '200 about',
      '/sub': '307 /sub/',
      '/sub/': '200 sub',
      '/both': '307 /both/',
      '/both/': '200 both index',
      '/style.css': '200 css',
    },
  },
  'with trailing slashes never': {
    options: { trailingSlash: 'never' },
    answers: {
      '/': '200 home',
      '/about': '200 about',
      '/about/?x=1': '307 /about?x=1',
      '/sub': '200 sub',
      '/sub/': '307 /sub',
      '//sub//': '307 /sub',
      '/both': '200 both page',
      '/both/': '307 /both',
      '/list': '307 /list/',
      '/snow%20%E2%98%83/': '307 /snow%20%E2%98%83',
      '/style.css': '200 css',
    },
  },
}

for (const [name, { options, answers }] of Object.entries(tables)) {
  describe(name, () => {
    for (const [target, expected] of Object.entries(answers)) {
      test(`${target} is ${expected}`, async (t) => {
        const answer = await ask(site(folder(t, files), options), target)
        assert.equal([answer.status, answer.field('location') ?? answer.text].join(' ').trim(), expected)
      })
    }
  })
}

test('a folder next to a page of the same name is listed at its path with a slash', async (t) => {
  const answer = await ask(site(folder(t, files)), '/mixed/', ['accept: application/json'])
  assert.equal(JSON.parse(answer.text).path, '/mixed/')
})

test('no redirect reveals a folder or page outside the root', async (t) => {
  const root = folder(t)
  const outside = folder(t, { 'index.html': 'secret', 'page.html': 'secret' })
  symlinkSync(outside, join(root, 'linked'))
  symlinkSync(join(outside, 'page.html'), join(root, 'page.html'))
  for (const trailingSlash of ['auto', 'always', 'never'] as const) {
    const from = site(root, { trailingSlash })
    for (const target of ['/linked', '/linked/', '/page', '/page/']) {
      assert.equal((await ask(from, target)).status, 404, `${trailingSlash} ${target}`)
    }
  }
})

function location(segments: string[], slash: boolean, query = ''): string | undefined {
  return redirectTo(segments, slash, query).headers[1]
}

describe('a redirect', () => {
  test('has the status 307, so that no browser keeps it for the next project on this port', () => {
    assert.deepEqual(redirectTo(['a'], true, ''), { status: 307, headers: ['Location', '/a/'], body: null })
  })

  test('encodes each segment and keeps the query', () => {
    assert.equal(location(['snow ☃', 'a?b#c%d'], true, '?x=1&y=%20'), '/snow%20%E2%98%83/a%3Fb%23c%25d/?x=1&y=%20')
    assert.equal(location(['a', 'b'], false, '?'), '/a/b?')
  })

  test('stays on this origin for any folder name', () => {
    assert.equal(location(['evil.test'], true), '/evil.test/')
    assert.equal(location(['http:'], true), '/http%3A/')
    assert.equal(location([], true), '/')
  })

  test('encodes characters in the query that could end the header field', () => {
    const value = location(['a'], true, '?x=\r\nSet-Cookie: a=b\t\u00e9\ud800') ?? ''
    assert.match(value, /^[\x21-\x7e]+$/)
    assert.equal(value, '/a/?x=%0D%0ASet-Cookie:%20a=b%09%C3%A9%EF%BF%BD')
  })
})
