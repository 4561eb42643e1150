import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFindInsertionPoint, scannedBytes } from '../../../../src/live/inject/script-placement.ts'
import type { DocumentKind } from '../../../../src/live/page-request.ts'

/** The text with `|` where the script goes. */
function marked(text: string, kind: DocumentKind = 'html'): string {
  const point = createFindInsertionPoint(kind)(text, 'document')
  return typeof point === 'number' ? `${text.slice(0, point)}|${text.slice(point)}` : point
}

test('the script goes after head, else after html, else before the first content', () => {
  for (const expected of [
    '<!doctype html><html><head>|<title>x</title></head></html>',
    '<!doctype html>\n<html lang="en">\n<HEAD data-a=b>|<title>x</title>',
    '<html lang=en>|<body>x',
    '<html>| text',
    '<html>|',
    '<!doctype html>|<p>x',
    '<!doctype html>\n|text <head>',
    '|plain text',
    '<head/>|<title>x</title>',
    '|<body><head>',
    '|<header>x</header><head>',
    '<html>|<html><head>',
    '|</head><head>',
    '|< head>',
    '|',
    ' \n|',
    '<!doctype html>|',
  ]) {
    assert.equal(marked(expected.replace('|', '')), expected)
  }
})

test('a byte order mark stays first', () => {
  assert.equal(marked('\u00ef\u00bb\u00bf<p>x'), '\u00ef\u00bb\u00bf|<p>x')
  assert.equal(marked('\ufeff<!doctype html><p>x'), '\ufeff<!doctype html>|<p>x')
})

test('skips comments, also malformed ones, and inserts nothing in them', () => {
  for (const expected of [
    '<!-- <head> --><html><!-- </head> <head> --><head>|<!-- </body> --></head>',
    '<!--><head>|-->',
    '<!---><head>|-->',
    '<!----><head>|',
    '<!-- --!><head>|',
    '<!-- > -- > <head> --><!doctype html><head>|',
    '<!--- <head> ---><head>|',
    '<?xml version="1.0"?><!doctype html><head>|',
    '<?php echo "<p>|" ?>text',
    '<![CDATA[<p>|]]>x',
    '<!weird><!doctype html><head>|',
    '</ comment><!doctype html></><head>|',
  ]) {
    assert.equal(marked(expected.replace('|', '')), expected)
  }
})

test('scripts, templates and inline SVG are content, so nothing in them is searched', () => {
  for (const expected of [
    '|<script>const a = "<html><head></head><body></body>"</script><p>',
    '|<template><head></head></template>',
    '|<svg><head></head></svg>',
    '<html><head>|<script>document.write("</head><body>")</script></head>',
  ]) {
    assert.equal(marked(expected.replace('|', '')), expected)
  }
})

test('attributes are read as a browser reads them', () => {
  for (const expected of [
    '<html data-a="1 > 0" data-b=\'<head>\'><head data-x="</head>">|',
    '<html a = "x>y" b=c"d><head>|',
    '<html ="a>|b"><head>',
    '<html a"b><head>|',
    '<html a=><head>|',
    '<html/a="b>c"/><head\n>|',
  ]) {
    assert.equal(marked(expected.replace('|', '')), expected)
  }
  assert.equal(marked('<html a="><head>'), 'none', 'a quote that is never closed')
})

test('XHTML gets the script only after a head element', () => {
  const start =
    '<?xml version="1.0"?>\n<!DOCTYPE html [ <!ENTITY a "b>"> ]>\n<html xmlns="http://www.w3.org/1999/xhtml">'
  assert.equal(marked(`${start}<!-- <head> --><head><title/>`, 'xhtml'), `${start}<!-- <head> --><head>|<title/>`)
  for (const text of [
    `${start}<head/><body/>`,
    `${start}<body/>`,
    start,
    '<p/>',
    'text',
    '',
    '<HEAD>',
    '<html/>',
    '</a>',
  ]) {
    assert.equal(marked(text, 'xhtml'), 'none', text)
  }
})

test('an SVG image gets the script as first child of its root', () => {
  for (const expected of [
    '<svg xmlns="http://www.w3.org/2000/svg">|<circle r="1"/></svg>',
    '\u00ef\u00bb\u00bf<?xml version="1.0"?>\n<!-- <svg> --><!DOCTYPE svg [ <!ENTITY a "<svg>"> ]>\n<svg title=">">|</svg>',
    '<s:svg xmlns:s="http://www.w3.org/2000/svg">|</s:svg>',
  ]) {
    assert.equal(marked(expected.replace('|', ''), 'svg'), expected)
  }
  for (const text of ['<svg/>', '<SVG>', '<html><svg>', '<svgs>', 'text<svg>', '', '<?xml version="1.0"?>']) {
    assert.equal(marked(text, 'svg'), 'none', text)
  }
})

test('finds the place as soon as possible, however the text is split', () => {
  const text = '\u00ef\u00bb\u00bf<!-- a --><?b?><!doctype html> <html a="b>c">\n<!-- <head> --><head a=\'>\'>'
  const find = createFindInsertionPoint('html')
  // The search starts when a byte order mark is complete.
  for (let end = 4; end < text.length; end++)
    assert.equal(find(text.slice(0, end), undefined), 'more', text.slice(0, end))
  assert.equal(find(text, undefined), text.length)
})

test('at the limit a script goes after html, but never where a doctype may follow', () => {
  const html = '<!doctype html><html>'
  const find = (text: string) => createFindInsertionPoint('html')(text.slice(0, scannedBytes), 'limit')
  assert.equal(find(`${html}<!-- ${'x'.repeat(scannedBytes)}`), html.length)
  assert.equal(find(`<!-- ${'x'.repeat(scannedBytes)}`), 'none')
  assert.equal(find(' '.repeat(scannedBytes)), 'none')
})
