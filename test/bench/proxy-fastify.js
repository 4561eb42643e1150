/** A contender of the proxy benchmark: @fastify/http-proxy as it comes. `node proxy-fastify.js URL` */
import fastifyProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const server = fastify({ bodyLimit: 2 ** 30 })
await server.register(fastifyProxy, { upstream: process.argv[2] })
await server.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.server.address().port}/` }))
