import { make } from './element.ts'
import { pathOf, shortType, type ShownExchange } from './exchange.ts'
import { formatBytes } from '../../core/util/format-bytes.ts'
import { formatMs, formatTime } from './format.ts'

/** The list of exchanges: only the rows in view are in the document. */
export interface List {
  /** Draws what is shown now. It follows the end only where the end is in view. */
  draw(exchanges: readonly ShownExchange[]): void
  readonly selected: ShownExchange | undefined
  select(exchange: ShownExchange | undefined): void
  /** Selects another one, so many rows away. */
  move(rows: number): void
}

/** As in page.css. */
const rowHeight = 30
/** Rows beyond what is in view, so that scrolling shows no gaps. */
const spare = 8

/** @param chosen Called when another exchange is selected. */
export function createList(
  view: HTMLElement,
  rows: HTMLElement,
  chosen: (exchange: ShownExchange | undefined) => void,
): List {
  let shown: readonly ShownExchange[] = []
  let selected: ShownExchange | undefined
  let isDue = false
  const drawn = new Map<number, HTMLElement>()

  function isAtEnd(): boolean {
    return view.scrollTop + view.clientHeight >= view.scrollHeight - rowHeight
  }

  function plan(): void {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      drawRows()
    })
  }

  function drawRows(): void {
    const first = Math.max(0, Math.floor(view.scrollTop / rowHeight) - spare)
    const last = Math.min(shown.length, Math.ceil((view.scrollTop + view.clientHeight) / rowHeight) + spare)
    const wanted = new Set(shown.slice(first, last).map(({ id }) => id))
    for (const [id, row] of drawn) {
      if (wanted.has(id)) continue
      row.remove()
      drawn.delete(id)
    }
    for (let i = first; i < last; i++) {
      const exchange = shown[i] as ShownExchange
      const row = drawn.get(exchange.id) ?? makeRow(exchange)
      row.style.transform = `translateY(${i * rowHeight}px)`
      row.setAttribute('aria-posinset', String(i + 1))
      row.setAttribute('aria-setsize', String(shown.length))
      row.setAttribute('aria-selected', String(exchange.id === selected?.id))
    }
    if (selected !== undefined && drawn.has(selected.id))
      view.setAttribute('aria-activedescendant', `row-${selected.id}`)
    else view.removeAttribute('aria-activedescendant')
  }

  function makeRow(exchange: ShownExchange): HTMLElement {
    const row = rowOf(exchange)
    row.addEventListener('click', () => list.select(exchange))
    drawn.set(exchange.id, row)
    rows.append(row)
    return row
  }

  view.addEventListener('scroll', plan, { passive: true })
  new ResizeObserver(plan).observe(view)

  const list: List = {
    draw(exchanges) {
      const follows = isAtEnd()
      shown = exchanges
      rows.style.height = `${shown.length * rowHeight}px`
      if (follows) view.scrollTop = view.scrollHeight
      plan()
    },
    get selected() {
      return selected
    },
    select(exchange) {
      selected = exchange
      chosen(exchange)
      plan()
    },
    move(count) {
      const at = selected === undefined ? -1 : shown.findIndex(({ id }) => id === selected?.id)
      const start = at === -1 && count < 0 ? shown.length : at
      const next = Math.max(0, Math.min(shown.length - 1, start + count))
      const exchange = shown[next]
      if (exchange === undefined) return
      const top = next * rowHeight
      if (top < view.scrollTop) view.scrollTop = top
      else if (top + rowHeight > view.scrollTop + view.clientHeight)
        view.scrollTop = top + rowHeight - view.clientHeight
      list.select(exchange)
    },
  }
  return list
}

function rowOf(exchange: ShownExchange): HTMLElement {
  const { id, time, method, target, host, bytes, type, ms } = exchange
  const query = target.slice(pathOf(target).length)
  // Where a request is forwarded to is told by what is opened.
  const isNews = exchange.remark !== '' && !exchange.remark.startsWith(`${exchange.route} -> `)
  return make(
    'div',
    { class: `row ${statusClass(exchange)}`, role: 'option', id: `row-${id}` },
    make('span', { class: 'time' }, formatTime(time)),
    make('span', { class: 'status' }, statusText(exchange)),
    make('span', { class: 'method' }, method),
    make(
      'span',
      { class: 'address', title: `${host}${target}` },
      make('bdi', {}, pathOf(target)),
      query !== '' && make('span', { class: 'query' }, query),
      isNews && make('span', { class: 'remark' }, exchange.remark),
    ),
    make('span', { class: 'type' }, shortType(type)),
    make('span', { class: 'size' }, formatBytes(bytes)),
    make('span', { class: 'duration' }, ms === null ? '' : formatMs(ms)),
  )
}

/** The status, or how it ended without one. */
export function statusText({ status, aborted }: ShownExchange): string {
  return status === null ? (aborted ? 'left' : '–') : String(status)
}

function statusClass({ status, aborted }: ShownExchange): string {
  if (status === null || (aborted && status < 400)) return 'is-lost'
  return status >= 500 ? 'is-error' : status >= 400 ? 'is-refused' : status >= 300 ? 'is-aside' : 'is-good'
}
