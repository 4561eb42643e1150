import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headCases } from '../../../support/head-cases.ts'
import { readHeadFacts } from '../../../../src/live/inject/head-tags.ts'
import {
  isSandboxed,
  judgePolicies,
  parsePolicies,
  policiesOf,
  pageOrigin,
  type PageOrigin,
} from '../../../../src/live/inject/csp.ts'
import { request } from '../../middleware/fixtures.ts'

const http: PageOrigin = { scheme: 'http', host: 'localhost', port: 8008 }
const https: PageOrigin = { scheme: 'https', host: 'app.test', port: 443 }
const script = '/__serve8008/live.js'

function judge(value: string, origin = http) {
  return judgePolicies(parsePolicies(value), origin, script)
}

test('policies that allow the script and its connections lack nothing', () => {
  for (const value of [
    '',
    'img-src x.test',
    "default-src 'self'",
    "default-src 'SELF'; img-src *",
    'default-src *',
    'default-src http:',
    'default-src localhost:8008',
    'default-src http://LOCALHOST:*',
    'script-src http://localhost:8008/__serve8008/; connect-src ws:',
    'script-src http://localhost:8008/__serve8008/live.js; connect-src ws://localhost:8008/__serve8008/socket',
    "default-src 'none'; script-src-elem 'self'; connect-src 'self'",
    "script-src 'self'; script-src 'none'",
    "script-src 'self', default-src *",
  ]) {
    assert.deepEqual(judge(value), { isAllowed: true, nonce: undefined, missing: undefined }, value)
  }
  for (const value of [
    'default-src https:',
    'default-src *.test',
    'default-src app.test',
    'default-src http://app.test',
  ]) {
    assert.equal(judge(value, https).missing, undefined, value)
  }
})

test('uses the nonce of a policy', () => {
  const allowed = { isAllowed: true, nonce: 'aB3+/_-=', missing: undefined }
  assert.deepEqual(judge("script-src 'nonce-aB3+/_-='"), allowed)
  assert.deepEqual(judge("script-src 'self' 'nonce-aB3+/_-='"), allowed)
  assert.deepEqual(judge("script-src 'strict-dynamic' 'nonce-aB3+/_-='"), allowed)
  assert.deepEqual(judge("script-src 'nonce-aB3+/_-=', script-src 'self'"), allowed)
  assert.deepEqual(judge("script-src 'nonce-x' 'nonce-aB3+/_-=', script-src 'nonce-aB3+/_-='"), allowed)
})

test('names the sources that a blocking policy lacks', () => {
  for (const [value, isAllowed, missing] of [
    ["script-src 'none'", false, "script-src 'self'"],
    ["script-src 'sha256-abc='", false, "script-src 'self'"],
    ["script-src 'unsafe-inline' https: cdn.test", false, "script-src 'self'"],
    ['script-src', false, "script-src 'self'"],
    ["script-src-elem 'none'; script-src 'self'", false, "script-src-elem 'self'"],
    ["script-src 'self' 'strict-dynamic' 'sha256-x='", false, 'script-src with a nonce'],
    ["script-src 'nonce-\"><b>'", false, "script-src 'self'"],
    ["script-src 'nonce-a', script-src 'nonce-b'", false, "script-src 'self'"],
    ['script-src http://localhost:8008/other/', false, "script-src 'self'"],
    ['script-src localhost', false, "script-src 'self'"],
    ['script-src *.localhost:8008', false, "script-src 'self'"],
    ["connect-src 'none'", true, "connect-src 'self'"],
    ["default-src 'none'; script-src 'self'", true, "connect-src 'self'"],
    ["default-src 'none'", false, "script-src 'self' and connect-src 'self'"],
  ] as const) {
    const verdict = judge(value)
    assert.equal(verdict.isAllowed, isAllowed, value)
    assert.equal(verdict.missing, missing, value)
  }
})

test('reads every policy field in any case, but no report-only field', () => {
  const headers = ['content-security-policy', "script-src 'none'", 'CONTENT-SECURITY-POLICY', 'img-src *, font-src *']
  assert.equal(policiesOf(headers).length, 3)
  assert.deepEqual(policiesOf(['Content-Security-Policy-Report-Only', "default-src 'none'"]), [])
})

test('a sandbox without scripts or without the origin blocks live reload', () => {
  assert.ok(isSandboxed(parsePolicies('sandbox')))
  assert.ok(isSandboxed(parsePolicies('sandbox allow-scripts')))
  assert.ok(!isSandboxed(parsePolicies('sandbox allow-scripts allow-same-origin')))
  assert.ok(!isSandboxed(parsePolicies("script-src 'self'")))
})

test('takes the origin of a page from its request', () => {
  const x = request()
  assert.deepEqual(pageOrigin(x), { scheme: 'http', host: '', port: 80 })
  x.authority = { hostname: '::1', port: 8008, kind: 'ipv6' }
  assert.deepEqual(pageOrigin(x), { scheme: 'http', host: '[::1]', port: 8008 })
})

test('reads the metas of the head, and nothing after it', () => {
  const facts = (text: string) => readHeadFacts(text, false)
  const policy = `<meta http-equiv=content-security-policy content="script-src &#39;self&#39;">`
  const refusal = '<META NAME=serve8008 CONTENT="No-Live">'
  assert.deepEqual(facts(`<head><title><p></title>${policy}`).policies, ["script-src 'self'"])
  assert.equal(facts(`<!doctype html><html><head><link>${refusal}`).isOptedOut, true)
  for (const [start, end] of [
    ['<!--', '-->'],
    ['<script>', '</script>'],
    ['<title>', '</title>'],
    ['<template>', '</template>'],
    ['<noscript>', '</noscript>'],
    ['<body>', ''],
    ['<script>', ''],
  ]) {
    const { isOptedOut, policies } = facts(`${start}${policy}${refusal}${end}`)
    assert.deepEqual([isOptedOut, policies], [false, []], start)
  }
  assert.equal(facts('<meta name=serve8008 content=live>').isOptedOut, false)
})

test('a meta counts wherever browsers put it into the head, also outside of its tags', () => {
  const metas = '<meta http-equiv="Content-Security-Policy" content="x"><meta name="serve8008" content="no-live">'
  for (const [markup, isInHead] of headCases) {
    const { policies, isOptedOut } = readHeadFacts(`<!doctype html>${markup.replace('@', metas)}`, false)
    assert.deepEqual([policies.length === 1, isOptedOut], [isInHead, isInHead], markup)
  }
})

test('in XML a head ends at its end tag', () => {
  const facts = (text: string) => readHeadFacts(text, true)
  const refusal = '<meta name="serve8008" content="no-live"/>'
  assert.equal(facts(`<html><head><title/>text${refusal}</head><body/></html>`).isOptedOut, true)
  assert.equal(facts(`<html><head></head>${refusal}<body/></html>`).isOptedOut, false)
})
