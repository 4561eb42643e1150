// Every part of this page works without this script: it adds the keyboard and the filter that answers at once.
// It finds elements by selector and writes text only, so no file name can stand in for one or become markup.
const form = document.querySelector('form')
const filter = document.querySelector('input[name=filter]')
const summary = document.querySelector('.summary')
const found = document.querySelector('.found')
const rows = Array.from(document.querySelectorAll('tbody tr:not(.parent)'), (row) => {
  const link = row.querySelector('a')
  return { row, link, name: fold(link.textContent) }
})
const up = document.querySelector('a[rel=up]')
const complete = form.dataset.complete === 'true'

function fold(text) {
  return text.normalize('NFC').toLowerCase()
}

function applyFilter() {
  const wanted = fold(filter.value)
  const active = filter.value !== filter.defaultValue
  let matches = 0
  for (const { row, name } of rows) {
    row.hidden = active && !name.includes(wanted)
    if (!row.hidden) matches++
  }
  summary.hidden = active
  if (!active) found.textContent = ''
  else if (complete && matches === 0) found.textContent = `Nothing here has that in its name; Esc shows all ${form.dataset.total}.`
  else if (complete) found.textContent = `${matches} of ${form.dataset.total}`
  else found.textContent = `${matches} of the ${rows.length} shown here. Enter looks through all ${form.dataset.total}.`
}

function move(step) {
  const links = rows.filter(({ row }) => !row.hidden).map(({ link }) => link)
  if (up !== null) links.unshift(up)
  const at = links.indexOf(document.activeElement)
  const to = at === -1 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)
  links[to]?.focus()
}

const keys = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  j: () => move(1),
  k: () => move(-1),
  u: () => up?.click(),
  Backspace: () => up?.click(),
  '/': () => filter.select(),
}

const filterKeys = {
  ArrowDown: () => firstMatch()?.focus(),
  Escape: () => {
    filter.value = filter.defaultValue
    applyFilter()
    filter.blur()
  },
}

function firstMatch() {
  return rows.find(({ row }) => !row.hidden)?.link
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  const bound = event.target === filter ? filterKeys : keys
  if (!Object.hasOwn(bound, event.key)) return
  event.preventDefault()
  bound[event.key]()
})

filter.addEventListener('input', applyFilter)
form.addEventListener('submit', (event) => {
  // With the whole folder on the page there is nothing left to ask the server for: Enter opens the first match.
  if (!complete) return
  event.preventDefault()
  if (filter.value !== '') firstMatch()?.click()
})

// Coming back, a browser fills the filter in again without an input event.
window.addEventListener('pageshow', applyFilter)
document.querySelector('.keys').hidden = false
document.querySelector('button').hidden = complete

// What no page refers to is no download, so live reload may put a page around a file: see src/live/page-request.ts.
for (const { link } of rows) if (!link.href.endsWith('/')) link.referrerPolicy = 'no-referrer'

// Going up lands on the folder that one came from.
if (performance.getEntriesByType('navigation')[0]?.type === 'navigate') {
  rows.find(({ link }) => link.href.endsWith('/') && document.referrer.startsWith(link.href))?.link.focus()
}
