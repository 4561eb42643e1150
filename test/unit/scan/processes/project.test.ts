import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { findProject } from '../../../../src/scan/processes/project.ts'
import { TempFolder } from '../../../support/server.ts'

const cases: [string, string, string][] = [
  ['package.json', '{ "name": "@org/shop" }', '@org/shop'],
  ['package.json', '{ "private": true }', 'app'],
  ['package.json', '{ "name": 5 }', 'app'],
  ['package.json', 'no JSON', 'app'],
  ['package.json', 'null', 'app'],
  ['pyproject.toml', '[build-system]\nname = "no"\n[project]\nname = "shop-api"\n', 'shop-api'],
  ['pyproject.toml', "[tool.poetry]\nname = 'poems'\n", 'poems'],
  ['go.mod', 'module example.com/ann/shop/v2\n\ngo 1.24\n', 'shop'],
  ['Cargo.toml', '[dependencies]\nname = "no"\n\n[package]\nversion = "1"\nname = "shop-rs" # crate\n', 'shop-rs'],
  ['Cargo.toml', '[workspace]\nmembers = ["a"]\n', 'app'],
  ['composer.json', '{ "name": "ann/shop" }', 'ann/shop'],
]

for (const [file, text, name] of cases) {
  test(`names a project ${name} by ${file}: ${text.split('\n')[0]}`, async () => {
    using home = new TempFolder()
    await home.write({ [`work/app/${file}`]: text, 'work/app/src/deep/x': '' })
    const folder = home.join('work', 'app')
    const project = { name, folder, file }
    assert.deepEqual(await findProject(folder, new Set([home.path])), project)
    assert.deepEqual(await findProject(home.join('work', 'app', 'src', 'deep'), new Set([home.path])), project)
  })
}

test('ends at the root of a Git repository, also of a worktree, and names it by its folder', async () => {
  using home = new TempFolder()
  await home.write({ 'work/package.json': '{ "name": "above" }', 'work/site/.git/HEAD': '', 'work/site/docs/x': '' })
  await home.write({ 'work/tree/.git': 'gitdir: ../site', 'work/tree/docs/x': '' })
  const homes = new Set([home.path])
  for (const name of ['site', 'tree']) {
    const found = { name, folder: home.join('work', name), file: '.git' }
    assert.deepEqual(await findProject(home.join('work', name, 'docs'), homes), found)
  }
  // A manifest beside it has the better name.
  await home.write({ 'work/site/package.json': '{ "name": "shop" }' })
  assert.equal((await findProject(home.join('work', 'site', 'docs'), homes))?.name, 'shop')
})

test('takes neither a home folder nor what is above it for a project', async () => {
  using folder = new TempFolder()
  await folder.write({ 'package.json': '{ "name": "above" }', 'home/ann/package.json': '{ "name": "stray" }' })
  await folder.write({ 'home/ann/notes/x': '' })
  const homes = new Set([folder.join('home', 'ann')])
  assert.equal(await findProject(folder.join('home', 'ann'), homes), undefined)
  assert.equal(await findProject(folder.join('home', 'ann', 'notes'), homes), undefined)
  assert.equal((await findProject(folder.join('home'), homes))?.name, 'above')
  assert.equal(await findProject('/', new Set()), undefined)
  assert.equal(await findProject('/no/such/folder', new Set()), undefined)
})

test('reads no manifest that is a folder or too large, and prints no escapes', async () => {
  using home = new TempFolder()
  const homes = new Set([home.path])
  mkdirSync(home.join('a', 'package.json'), { recursive: true })
  assert.equal(await findProject(home.join('a'), homes), undefined)
  await home.write({ 'b/package.json': `{ "name": "big", "x": "${'x'.repeat(1024 * 1024)}" }` })
  assert.equal((await findProject(home.join('b'), homes))?.name, 'b')
  await home.write({ 'c/package.json': JSON.stringify({ name: `\x1b[2J${'x'.repeat(100)}` }) })
  const name = (await findProject(home.join('c'), homes))?.name
  assert.match(name ?? '', /^\\x1b\[2Jx+…$/)
  assert.equal(name?.length, 60)
})

test('looks into the file system of a container', async () => {
  using root = new TempFolder()
  await root.write({ 'app/package.json': '{ "name": "inside" }' })
  const found = await findProject('/app/src', new Set(), root.path)
  assert.deepEqual(found, { name: 'inside', folder: '/app', file: 'package.json' })
})
