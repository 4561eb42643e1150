/** The query of a listing's URL. */
export interface ListingQuery {
  readonly sort: ListingSort
  readonly order: 'asc' | 'desc'
  /** Part of a name; empty for every entry. */
  readonly filter: string
  /** Counts from 1; may lie beyond the last page. */
  readonly page: number
}

/** A column to sort by. */
export type ListingSort = 'name' | 'size' | 'modified'

const filterLength = 255

/** The initial order of a column: names from A, the largest and the newest first. */
export function firstOrder(sort: ListingSort): 'asc' | 'desc' {
  return sort === 'name' ? 'asc' : 'desc'
}

/** Reads a query such as `?sort=size&order=asc&filter=css&page=2`. Unknown values are ignored. */
export function parseListingQuery(query: string): ListingQuery {
  const values = new URLSearchParams(query)
  const asked = values.get('sort')
  const sort = asked === 'size' || asked === 'modified' ? asked : 'name'
  const order = values.get('order')
  const page = values.get('page') ?? ''
  return {
    sort,
    order: order === 'asc' || order === 'desc' ? order : firstOrder(sort),
    filter: (values.get('filter') ?? '').slice(0, filterLength),
    page: /^[1-9]\d{0,8}$/.test(page) ? Number(page) : 1,
  }
}

/** The shortest query for these values, relative to the URL of the listing. */
export function formatListingQuery({ sort, order, filter, page }: ListingQuery): string {
  const values = new URLSearchParams()
  if (sort !== 'name') values.set('sort', sort)
  if (order !== firstOrder(sort)) values.set('order', order)
  if (filter !== '') values.set('filter', filter)
  if (page !== 1) values.set('page', String(page))
  return values.size === 0 ? './' : `?${values.toString()}`
}
