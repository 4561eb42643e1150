import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderQrCode } from '../../../../src/cli/serve/qr.ts'

const url = 'http://192.168.1.20:8008/'

test('draws a code for a terminal', async () => {
  const rows = (await renderQrCode(url, { isTerminal: true, color: false, columns: 80 })).trimEnd().split('\n')
  assert.ok(rows.length > 10)
  for (const row of rows) assert.match(row, /^ {2}[ ▀▄█]+$/)
})

test('draws white blocks on black where there are colours', async () => {
  assert.match(await renderQrCode(url, { isTerminal: true, color: true, columns: 80 }), /^ {2}\u001B\[97;40m█/)
})

test('draws nothing for a pipe, nor where it does not fit', async () => {
  assert.equal(await renderQrCode(url, { isTerminal: false, color: false, columns: 80 }), '')
  assert.equal(await renderQrCode(url, { isTerminal: true, color: false, columns: 20 }), '')
})
