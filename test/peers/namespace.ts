import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** A network of its own, that reaches no other one: `d0` with 10.9.0.1 for programs that send and receive multicast. */
const network = [
  'ip link set lo up',
  // Those of senders. Addresses of `lo` are not advertised.
  'ip addr add 10.9.0.2/32 dev lo',
  'ip addr add 198.51.100.7/32 dev lo',
  'ip link add d0 type veth peer name d1',
  'ip addr add 10.9.0.1/24 dev d0',
  'ip link set d0 up',
  'ip link set d1 up',
  'ip route add 224.0.0.0/4 dev d0',
].join(' && ')

/** The address of this machine in the network. */
export const ownAddress = '10.9.0.1'
/** Another address in the network, and one of another network. */
export const nearAddress = '10.9.0.2'
export const farAddress = '198.51.100.7'

/** Why no network can be made, or false. */
export const noNamespace: string | false =
  spawnSync('unshare', ['-n', 'sh', '-c', network]).status === 0
    ? false
    : 'a network namespace with a veth pair cannot be made here (unshare -n, ip)'

/** Runs a module in a network of its own. Rejects with its output unless it ends with 0. */
export async function runInNamespace(module: string, ...args: readonly string[]): Promise<void> {
  const node = [process.execPath, '--import', 'tsx', module, ...args]
  const child = spawn('unshare', ['-n', 'sh', '-c', `${network} && exec "$@"`, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A scenario takes seconds; one that gets no event ends.
    timeout: 60_000,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`ended with ${code}: ${output}`)
}
