import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseH2load, parseWrk } from './load-output.ts'
import { table } from './report.ts'
import { median, pairedRatio, quantile, spread } from './statistics.ts'

describe('statistics', () => {
  test('the median of an even number of values lies between the middle ones', () => {
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.equal(median([9, 1, 5]), 5)
    assert.ok(Number.isNaN(median([])))
  })

  test('a quantile of a lost event is infinite, not NaN', () => {
    assert.equal(quantile([1, Infinity, Infinity], 0.99), Infinity)
    assert.equal(quantile([0, 10], 0.9), 9)
  })

  test('the spread is half of the range without the outer tenths, as a share of the median', () => {
    assert.equal(spread([90, 100, 110]), 0.08)
    assert.equal(spread([5]), 0)
  })

  test('a ratio compares values of the same round, and leaves out a round that one lacks', () => {
    assert.equal(pairedRatio([10, 200, 30], [5, 100, 15]), 2)
    assert.equal(pairedRatio([10, 30], [5]), 2)
  })
})

const wrk = `Running 1s test @ http://127.0.0.1:20001/1k.txt
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.13ms    1.02ms  20.11ms   91.20%
    Req/Sec    30.10k     2.34k   33.00k    70.00%
  Latency Distribution
     50%    1.90ms
     75%    2.30ms
     90%    3.10ms
     99%  500.00us
  30012 requests in 1.00s, 36.93MB read
Requests/sec:  29990.42
Transfer/sec:     36.90MB
`

describe('what wrk prints', () => {
  test('has a count, a rate and the 99th percentile in its unit', () => {
    assert.deepEqual(parseWrk(wrk), { count: 30_012, perSecond: 29_990.42, p99Ms: 0.5, failed: 0 })
    assert.equal(parseWrk(wrk.replace('500.00us', '1.25s')).p99Ms, 1250)
  })

  test('tells broken connections and refusals', () => {
    const broken = wrk.replace('Requests/sec', '  Socket errors: connect 1, read 2, write 3, timeout 4\nRequests/sec')
    assert.equal(parseWrk(broken).failed, 10)
    const refused = wrk.replace('Requests/sec', '  Non-2xx or 3xx responses: 7\nRequests/sec')
    assert.equal(parseWrk(refused).failed, 7)
  })

  test('fails with what was no refusal, where refusals are wanted', () => {
    const refused = wrk.replace('Requests/sec', '  Non-2xx or 3xx responses: 30000\nRequests/sec')
    assert.equal(parseWrk(refused, true).failed, 12)
  })

  test('without figures is an error that shows it', () => {
    assert.throws(() => parseWrk('unable to connect'), /unable to connect/)
  })
})

const h2load = `finished in 1.00s, 12345.50 req/s, 12.34MB/s
requests: 12346 total, 12506 started, 12346 done, 12340 succeeded, 6 failed, 6 errored, 1 timeout
status codes: 12340 2xx, 0 3xx, 4 4xx, 2 5xx
traffic: 12.34MB (12345678) total, 120B (120) headers (space savings 90.00%), 12.00MB (12000000) data
`

describe('what h2load prints', () => {
  test('has a count and a rate; its log has the time of each request', () => {
    const log = Array.from({ length: 101 }, (_, index) => `1760000000000000\t200\t${index * 1000}\n`).join('')
    assert.deepEqual(parseH2load(h2load, log), { count: 12_340, perSecond: 12_345.5, p99Ms: 99, failed: 7 })
  })
})

describe('the table', () => {
  const rounds = {
    serve8008: [
      { value: 200, cpu: 10, p99Ms: 1.234, memory: 50 },
      { value: 100, cpu: 20, p99Ms: 3, memory: 60 },
    ],
    nginx: [
      { value: 100, cpu: 5, p99Ms: 1, memory: 4 },
      { value: 50, cpu: 10, p99Ms: 1, memory: 4, failed: 3 },
    ],
  }

  test('compares us with each server in the same rounds, and names those that were not measured', () => {
    const outcome = {
      workload: 'static',
      unit: '/s',
      rounds,
      without: { serve: 'answers 200\nin a strange way' },
    } as const
    assert.deepEqual(table([outcome]).split('\n').slice(2), [
      '| static | serve8008 | 150 /s | 26.7 % | 15 | 2.12 | 55 | 1 | 1 |',
      '| static | nginx (3 failed) | 75 /s | 26.7 % | 7.5 | 1 | 4 | 2.00 | 0.50 |',
      '| static | serve | answers 200 |  |  |  |  |  |  |',
    ])
  })

  test('is above 1 where we take less time', () => {
    const [row = ''] = table([{ workload: 'start', unit: 'ms', rounds, without: {} }])
      .split('\n')
      .slice(3)
    assert.match(row, /nginx .* 75 ms .* 0\.50 \| 0\.50 \|$/)
  })
})
