import { askServer, follow } from './connection.ts'
import { drawDetail } from './detail.ts'
import { byId, make } from './element.ts'
import type { ShownExchange, ServerState } from './exchange.ts'
import { formatBytes } from '../../core/util/format-bytes.ts'
import { formatCount, formatNoun } from '../../pages/format.ts'
import { formatMs } from './format.ts'
import { createList } from './list.ts'
import { createStore } from './store.ts'

const [view, rows, empty, detail, settings] = ['list', 'rows', 'empty', 'detail', 'settings'].map((id) => byId(id)) as [
  HTMLElement,
  HTMLElement,
  HTMLElement,
  HTMLElement,
  HTMLElement,
]
const filter = byId<HTMLInputElement>('filter')
const progress = byId<HTMLProgressElement>('progress')
const problem = byId('problem')
const pause = byId<HTMLButtonElement>('pause')
const keys = byId<HTMLDialogElement>('keys')

const list = createList(view, rows, (exchange) => {
  if (exchange === undefined) detail.hidden = true
})
const store = createStore((done) => {
  progress.value = done
  progress.hidden = done === 1
  if (done < 1) return
  list.draw(store.shown)
  empty.hidden = store.shown.length > 0
  drawTotals()
})

function receive(exchanges: readonly ShownExchange[]): void {
  store.add(exchanges)
  if (store.held > 0) pause.textContent = `Go on (${formatCount(store.held)})`
}

function togglePause(): void {
  const isPaused = pause.getAttribute('aria-pressed') !== 'true'
  pause.setAttribute('aria-pressed', String(isPaused))
  pause.textContent = isPaused ? 'Go on' : 'Pause'
  store.pause(isPaused)
}

function clear(): void {
  list.select(undefined)
  store.clear()
}

function drawTotals(): void {
  const { shown, total, missed } = store
  const times = shown.flatMap(({ ms }) => ms ?? []).toSorted((one, other) => one - other)
  const bytes = shown.reduce((sum, exchange) => sum + exchange.bytes, 0)
  const slow = times[Math.ceil(times.length * 0.95) - 1]
  byId('totals').textContent = [
    shown.length === total
      ? formatNoun(total, 'request')
      : `${formatCount(shown.length)} of ${formatNoun(total, 'request')}`,
    formatBytes(bytes),
    ...(slow === undefined ? [] : [`95 % within ${formatMs(slow)}`]),
    ...(missed === 0 ? [] : [`${formatCount(missed)} dropped`]),
    `${formatBytes(store.bytes)} of 67 MB kept`,
  ].join(' · ')
}

function open(exchange: ShownExchange | undefined): void {
  if (exchange === undefined) return
  settings.hidden = true
  detail.hidden = false
  drawDetail(detail, exchange, closeDetail)
}

function closeDetail(): void {
  detail.hidden = true
  view.focus()
}

async function toggleSettings(): Promise<void> {
  settings.hidden = !settings.hidden
  byId('routes').setAttribute('aria-expanded', String(!settings.hidden))
  if (settings.hidden) return
  detail.hidden = true
  drawState(settings, (await (await askServer('state')).json()) as ServerState)
}

function drawState(place: HTMLElement, { urls, sites }: ServerState): void {
  place.replaceChildren(
    make('h2', {}, 'Routes'),
    make('p', { class: 'soft' }, [...urls.local, ...urls.network].join('  ')),
    ...sites.map((site) => {
      const list = make('dl', { class: 'fields' })
      for (const { id, text } of site.routes) list.append(make('dt', {}, id), make('dd', {}, text))
      if (site.root !== undefined) list.append(make('dt', {}, '/'), make('dd', {}, site.root))
      return make('section', {}, make('h3', {}, site.hosts.join(', ') || site.name), list)
    }),
  )
}

function applyFilter(): void {
  try {
    store.filter(filter.value)
    problem.hidden = true
    filter.removeAttribute('aria-invalid')
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string }
    problem.textContent = hint === undefined ? message : `${message} For example: ${hint}`
    problem.hidden = false
    filter.setAttribute('aria-invalid', 'true')
  }
}

const keyTexts: readonly (readonly [key: string, text: string])[] = [
  ['j, k', 'next and previous request'],
  ['Enter', 'open the request'],
  ['Escape', 'close it, or leave the filter'],
  ['/', 'filter'],
  ['p', 'pause, and go on'],
  ['c', 'clear the list'],
  ['r', 'reload the pages of the server'],
  ['?', 'this list'],
]

function showKeys(): void {
  const list = make('dl', { class: 'fields' })
  for (const [key, text] of keyTexts) list.append(make('dt', {}, key), make('dd', {}, text))
  keys.replaceChildren(make('h2', {}, 'Keys'), list)
  keys.showModal()
}

const actions: Readonly<Record<string, () => void>> = {
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  PageDown: () => step(20),
  PageUp: () => step(-20),
  End: () => step(Number.MAX_SAFE_INTEGER),
  Home: () => step(-Number.MAX_SAFE_INTEGER),
  Enter: () => open(list.selected),
  Escape: closeDetail,
  '/': () => filter.focus(),
  p: togglePause,
  c: clear,
  r: () => void askServer('reload', 'POST'),
  '?': showKeys,
}

function step(count: number): void {
  list.move(count)
  if (!detail.hidden) open(list.selected)
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return
  if (event.target === filter) {
    if (event.key === 'Escape' || event.key === 'Enter') view.focus()
    return
  }
  const isControl = event.target instanceof HTMLButtonElement || (event.target as Element).closest('pre') !== null
  if (isControl && !/^[a-z/?]$|^Escape$/.test(event.key)) return
  const act = actions[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
})

rows.addEventListener('click', () => open(list.selected))
filter.addEventListener('input', applyFilter)
byId('search').addEventListener('submit', (event) => event.preventDefault())
pause.addEventListener('click', togglePause)
byId('clear').addEventListener('click', clear)
byId('routes').addEventListener('click', () => void toggleSettings())
byId('help').addEventListener('click', showKeys)
view.focus()

void askServer('state').then(async (response) => {
  if (!response.ok) return
  const { sites, urls } = (await response.json()) as ServerState
  const name = sites[0]?.root?.split('/').findLast((part) => part !== '') ?? urls.local[0] ?? 'serve8008'
  byId('name').textContent = name
  document.title = `${name} · dashboard`
})

void follow({
  state(state, text) {
    const place = byId('connection')
    place.className = `is-${state}`
    place.textContent = text
  },
  lines(lines) {
    const exchanges = lines.filter((line): line is ShownExchange => 'id' in line)
    if (exchanges.length > 0) receive(exchanges)
    for (const line of lines) if ('missed' in line) store.miss(line.missed)
  },
})
