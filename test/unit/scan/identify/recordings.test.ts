import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { identify } from '../../../../src/scan/scan.ts'
import { fromRoot } from '../../../../scripts/paths.ts'
import { parseRecording, replay } from './replay.ts'

const folder = fromRoot('test/unit/scan/identify/recordings')

describe('recognises what was recorded', { concurrency: 8 }, () => {
  for (const name of readdirSync(folder)) {
    const recording = parseRecording(readFileSync(join(folder, name), 'utf8'))
    test(`${name}, ${recording.source}`, async () => {
      await using server = await replay(recording)
      const { product, version, evidence } = await identify(
        { address: '127.0.0.1', port: server.port },
        { deadlineMs: 30_000 },
      )
      assert.deepEqual(
        { product, version },
        { product: recording.product, version: recording.version },
        evidence.join('\n'),
      )
    })
  }
})
