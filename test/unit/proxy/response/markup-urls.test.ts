import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMarkupRewriter } from '../../../../src/proxy/response/markup-urls.ts'

const rewrite = createMarkupRewriter(['<URLBase>', '<href>', '<x.y>', '<a:b>', 'location=', 'xlink:href='])

/** Marks what was asked about, and leaves `keep` alone. */
function marked(markup: string, asked: string[] = []): string {
  return rewrite(markup, (url) => {
    asked.push(url)
    return url === 'keep' ? url : `[${url}]`
  })
}

describe('finds URLs in markup', () => {
  for (const [from, to] of [
    ['<URLBase>u</URLBase>', '<URLBase>[u]</URLBase>'],
    ['<urlbase>u</urlbase>', '<urlbase>[u]</urlbase>'],
    ['<URLBase a="1" >\n  u\t</URLBase>', '<URLBase a="1" >\n  [u]\t</URLBase>'],
    ['<URLBase\nx="y">u', '<URLBase\nx="y">[u]'],
    ['<D:href>u</D:href><d:href>v</d:href>', '<D:href>[u]</D:href><d:href>[v]</d:href>'],
    ['<a:b>u</a:b><c:b>v</c:b><b>w</b>', '<a:b>[u]</a:b><c:b>v</c:b><b>w</b>'],
    ['<x.y>u</x.y><xzy>v</xzy>', '<x.y>[u]</x.y><xzy>v</xzy>'],
    ['<href><![CDATA[u&amp;v]]></href>', '<href><![CDATA[[u&amp;v]]]></href>'],
    ['<href>\n<![CDATA[ u ]]>\n</href>', '<href>\n<![CDATA[ [u] ]]>\n</href>'],
    ['<s:address location="u" other="v"/>', '<s:address location="[u]" other="v"/>'],
    ["<s:address\tx:location = 'u'/>", "<s:address\tx:location = '[u]'/>"],
    ['<a xlink:href="u" href="v" xhref="w">', '<a xlink:href="[u]" href="v" xhref="w">'],
    ['<URLBase>keep</URLBase>', '<URLBase>keep</URLBase>'],
    ['<URLBase></URLBase><URLBase/><URLBases>u</URLBases>', '<URLBase></URLBase><URLBase/><URLBases>u</URLBases>'],
    ['URLBase>u<', 'URLBase>u<'],
    ['<href><b>u</b></href>', '<href><b>u</b></href>'],
    ['<s location="u', '<s location="u'],
    ['<s location="a<b">', '<s location="a<b">'],
    ['<s location=u>', '<s location=u>'],
    ['<!-- <href>u</href> -->', '<!-- <href>[u]</href> -->'],
  ] as const) {
    test(from, () => assert.equal(marked(from), to))
  }
})

test('decodes references, and encodes them again', () => {
  const asked: string[] = []
  assert.equal(
    marked('<href>http:&#47;&#x2F;h/?a=1&amp;b=&quot;&lt;&#233;&#xe9;&unknown;</href>', asked),
    '<href>[http://h/?a=1&amp;b=&quot;&lt;&#233;&#xe9;&amp;unknown;]</href>',
  )
  assert.deepEqual(asked, ['http://h/?a=1&b="<\uffff#233;\uffff#xe9;&unknown;'])
  assert.equal(marked(`<s location='a&apos;"b'/>`), `<s location='[a&#39;&quot;b]'/>`)
})

test('keeps the form of references in a URL that does not change', () => {
  const text = '<href>http:&#47;&#x2F;h/?a&amp;b&gt;</href>'
  assert.equal(
    rewrite(text, (url) => url),
    text,
  )
})

test('leaves other characters as they are', () => {
  const text = '<x>é\u0000\ud800</x><href>/é?%C3</href>'
  assert.equal(marked(text), '<x>é\u0000\ud800</x><href>[/é?%C3]</href>')
})

test('takes linear time', () => {
  const most = 2 ** 20
  const fill = (part: string): string => part.repeat(Math.ceil(most / part.length))
  for (const part of [
    '<href ',
    '<href>',
    '<',
    ' ',
    '<href> ',
    '<href>&',
    '<href>&#x',
    ' location ',
    ' location="',
    " location='",
    ' location = "x" ',
    'a:',
    '<a:',
    '<aaaa.',
    '<href><![CDATA[',
    '<href>' + ' '.repeat(1000),
  ]) {
    const started = process.cpuUsage()
    marked(`<href ${fill(part)}`)
    marked(`<href>${fill(part)}`)
    marked(` location="${fill(part)}`)
    marked(fill(part))
    const { user } = process.cpuUsage(started)
    // Quadratic time would take hours; one pass takes some milliseconds.
    assert.ok(user < 2_000_000, `${JSON.stringify(part.slice(0, 20))}: ${user} µs`)
  }
})
