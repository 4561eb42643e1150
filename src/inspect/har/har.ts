export type { HarExchange } from './har-exchange.ts'
export { harWriter } from './write-har.ts'
export { HarError, readHar } from './read-har.ts'
