import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileMessages, sourceMessages } from '../../scripts/messages.ts'

/** Phrases of messages that readers had to read twice; `npm run words` has those of every text. */
const unclear =
  /\b(?:(?<!there )is no (?!longer)|is none|none that|is held by|contradicts|no such|not a text|cannot vouch)/i

test('finds errors with their hints, warnings, problems of options and other sentences', () => {
  const source = `
    const message = \`Port \${port} is in use.\`
    throw new ServeError('E8008_PORT_HELD', message, { hint: isOpen ? 'serve8008 stop' : 'wait' })
    onWarning({ code: 'W8008_LIVE', message: 'Live reload ' + 'cannot start.' })
    problems.push({ path, message: \`\${quote(text)} is not a port\`, hint: 'use a number' })
    print(\`Nothing changed in \${folder}.\`)
  `
  assert.deepEqual(fileMessages('a.ts', source), [
    { place: 'a.ts:3', code: 'E8008_PORT_HELD', text: 'Port ‹port› is in use.', hint: '‹serve8008 stop | wait›' },
    { place: 'a.ts:4', code: 'W8008_LIVE', text: 'Live reload cannot start.', hint: '' },
    { place: 'a.ts:5', code: 'option', text: '‹quote(text)› is not a port', hint: 'use a number' },
    { place: 'a.ts:6', code: 'text', text: 'Nothing changed in ‹folder›.', hint: '' },
  ])
})

test('no message of the sources has a phrase that readers had to read twice', () => {
  const messages = sourceMessages()
  assert.ok(messages.length > 300, `${messages.length} messages`)
  const found = messages.filter(({ text, hint }) => unclear.test(`${text} ${hint}`))
  assert.deepEqual(
    found.map(({ place, text, hint }) => `${place}  ${text}  ${hint}`),
    [],
  )
})
