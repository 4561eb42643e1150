import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { explainCode } from '../../../../src/cli/commands/explain-code.ts'
import { errorCodes } from '../../../../src/core/codes.ts'
import { isCode } from '../../../../src/cli/args/explain-words.ts'
import { errorTexts } from '../../../../src/core/error-texts.ts'
import { checkTexts, doctorTexts, scanTexts } from '../../../../src/core/finding-texts.ts'
import { warningTexts } from '../../../../src/core/warning-texts.ts'

const pipe = { isTerminal: false, color: false, columns: 80 }
const findingTexts = { ...scanTexts, ...checkTexts, ...doctorTexts }
const texts = { ...errorTexts, ...warningTexts, ...findingTexts }
const root = new URL('../../../../', import.meta.url)

test('explains a code in any case, with its meaning, cause and remedy', () => {
  for (const word of ['E8008_CERT', 'e8008_cert', 'e8008-cert']) {
    assert.equal(isCode(word), true)
    const text = explainCode(word, pipe, false)
    assert.match(text, /^\n {2}E8008_CERT {3}exit code 2\n\n {2}Meaning {5}Your certificate/)
    assert.match(text, /\n {2}Usual cause {1}A file is missing/)
    assert.match(text, /\n {2}What to do {2}Correct --cert/)
  }
  assert.match(explainCode('E8008_NOT_FOUND', pipe, false), /HTTP status 404/)
  assert.match(explainCode('E8008_BODY_READ', pipe, false), /HTTP status 500/)
  assert.match(explainCode('w8008_watch', pipe, false), /W8008_WATCH {3}warning/)
})

test('explains a code in JSON', () => {
  const read = (code: string): unknown => JSON.parse(explainCode(code, pipe, true))
  const { E8008_CERT: error } = errorTexts
  const { W8008_CERT: warning } = warningTexts
  assert.deepEqual(read('E8008_CERT'), { code: 'E8008_CERT', ...error, effect: null, exitCode: 2, status: 500 })
  assert.deepEqual(read('E8008_METHOD'), {
    code: 'E8008_METHOD',
    ...errorTexts.E8008_METHOD,
    effect: null,
    exitCode: null,
    status: 405,
  })
  assert.deepEqual(read('W8008_CERT'), { code: 'W8008_CERT', ...warning, effect: null, exitCode: null, status: null })
})

test('explains a finding of scan, verify and doctor with why it matters', () => {
  const text = explainCode('s8008-cors', pipe, false)
  assert.match(text, /^\n {2}S8008_CORS {3}finding of serve8008 scan and serve8008 verify\n\n {2}Meaning {9}CORS lets/)
  assert.match(text, /\n {2}Why it matters {2}Every page.*\n {18}\S/)
  assert.match(text, /\n {2}What to do {6}List the origins/)
  assert.match(explainCode('S8008_GIT', pipe, false), /finding of serve8008 scan\n/)
  assert.match(explainCode('S8008_HOST', pipe, false), /finding of serve8008 verify\n/)
  assert.match(explainCode('d8008_proxy', pipe, false), /finding of serve8008 doctor\n/)
  const nothing = { cause: null, exitCode: null, status: null }
  const read: unknown = JSON.parse(explainCode('D8008_PROXY', pipe, true))
  assert.deepEqual(read, { code: 'D8008_PROXY', ...findingTexts.D8008_PROXY, ...nothing })
})

test('each code in the sources is explained, and each explained code of a finding is reported', () => {
  const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  const sources = files.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('finding-texts.ts'))
  const used = sources.flatMap((path) => {
    // Comments and examples are no reports: a code stands in quotes where it is one.
    return readFileSync(new URL(`src/${path}`, root), 'utf8').match(/(?<=')[DEWS]8008_[A-Z0-9_]*[A-Z0-9](?=')/g) ?? []
  })
  assert.ok(used.length > 100)
  assert.deepEqual(
    [...new Set(used)].filter((code) => !Object.hasOwn(texts, code)),
    [],
  )
  assert.deepEqual(
    Object.keys(findingTexts).filter((code) => !used.includes(code)),
    [],
  )
})

test('suggests the nearest code for an unknown one', () => {
  const hints = [
    ['E8008_CRET', 'E8008_CERT'],
    ['E8008_EXPOSED', 'W8008_EXPOSED'],
    ['E8008_PORTS', 'E8008_PORTS_HELD'],
    ['W8008_NOT_FOUND', 'E8008_NOT_FOUND'],
    ['CERT', 'E8008_CERT'],
    ['E9999_FRAMING', 'E8008_FRAMING'],
    ['S8008_HSOT', 'S8008_HOST'],
  ]
  for (const [word = '', meant] of hints) {
    assert.throws(() => explainCode(word, pipe, false), {
      code: 'E8008_USAGE',
      message: `There is no code ${word}.`,
      hint: `serve8008 explain ${meant}`,
    })
  }
  assert.throws(() => explainCode('E8008_CONSTRUCTOR', pipe, false), { hint: 'serve8008 help codes' })
  assert.throws(() => explainCode('E8008', pipe, false), { hint: 'serve8008 help codes' })
})

test('takes no path and no method for a code', () => {
  for (const word of ['/E8008_CERT', 'GET', 'E8008x', 'http://localhost:8008/']) assert.equal(isCode(word), false, word)
})

test('every code has texts of whole sentences that fit 80 columns', () => {
  assert.deepEqual(Object.keys(errorTexts).toSorted(), Object.keys(errorCodes).toSorted())
  for (const [code, text] of Object.entries(texts)) {
    for (const sentence of Object.values(text)) assert.match(sentence, /^\S.*\.$/, code)
    for (const line of explainCode(code, pipe, false).split('\n')) assert.ok(line.length <= 80, line)
  }
})
