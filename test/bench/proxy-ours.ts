/** serve8008 with one route that forwards, for the benchmark. `node --import tsx proxy-ours.ts URL` */
import { startFront } from '../support/proxy.ts'

const front = await startFront(Number(new URL(process.argv[2] ?? '').port))
console.log(JSON.stringify({ url: `http://127.0.0.1:${front.port}/` }))
