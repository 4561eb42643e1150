// The page works without this script, which adds keys and a filter while typing. It finds elements by selector and writes
// text only, so that a file name can neither replace an element nor become markup.
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
  else if (complete && matches === 0) found.textContent = `No match. Esc shows all ${form.dataset.total}.`
  else if (complete) found.textContent = `${matches} of ${form.dataset.total}`
  else found.textContent = `${matches} of the ${rows.length} on this page. Enter searches all ${form.dataset.total}.`
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
  // If the page has the whole folder, Enter opens the first match instead of asking the server.
  if (!complete) return
  event.preventDefault()
  if (filter.value !== '') firstMatch()?.click()
})

// When a user returns to the page, the browser restores the filter without an input event.
window.addEventListener('pageshow', applyFilter)
document.querySelector('.keys').hidden = false
document.querySelector('button').hidden = complete

// Live reload puts a page around a file only if its request has no Referer: see src/live/page-request.ts.
for (const { link } of rows) if (!link.href.endsWith('/')) link.referrerPolicy = 'no-referrer'

// After a move up, the folder that the user came from has the focus.
if (performance.getEntriesByType('navigation')[0]?.type === 'navigate') {
  rows.find(({ link }) => link.href.endsWith('/') && document.referrer.startsWith(link.href))?.link.focus()
}
