/** AAC-LC, stereo, 44.1 kHz: a frame of silence. */
const silence = Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80)
const frameTicks = (1024 / 44_100) * 90_000
const audioPid = 0x101
const mapPid = 0x100

/**
 * A segment of an HLS stream, made by hand: an MPEG transport stream (ISO/IEC 13818-1) with silent AAC.
 *
 * @param first Number of the first frame, from which its time follows.
 */
export function silentSegment(first: number, frames: number): Buffer {
  const packets = [
    packet(
      0,
      0,
      true,
      Buffer.concat([Uint8Array.of(0), table(0x00, [0x00, 0x01, 0xe0 | (mapPid >> 8), mapPid & 0xff])]),
    ),
    packet(
      mapPid,
      0,
      true,
      Buffer.concat([
        Uint8Array.of(0),
        table(0x02, [
          0xe0 | (audioPid >> 8),
          audioPid & 0xff,
          0xf0,
          0,
          0x0f,
          0xe0 | (audioPid >> 8),
          audioPid & 0xff,
          0xf0,
          0,
        ]),
      ]),
    ),
  ]
  for (let i = 0; i < frames; i++) {
    packets.push(packet(audioPid, i, true, audioPes(Math.round((first + i) * frameTicks) + 90_000)))
  }
  return Buffer.concat(packets)
}

/** One packet of 188 bytes; what is missing is stuffing in the adaptation field. */
function packet(pid: number, counter: number, isStart: boolean, payload: Uint8Array): Buffer {
  const room = 184 - payload.length
  const stuffing = Buffer.alloc(room, 0xff)
  if (room > 0) stuffing[0] = room - 1
  if (room > 1) stuffing[1] = 0
  const control = (room > 0 ? 0x30 : 0x10) | (counter & 0x0f)
  const head = Uint8Array.of(0x47, (isStart ? 0x40 : 0) | (pid >> 8), pid & 0xff, control)
  return Buffer.concat([head, stuffing, payload])
}

/** A section of program information; its checksum is left out, since players in pages do not look at it. */
function table(id: number, content: readonly number[]): Buffer {
  return Buffer.from([id, 0xb0, content.length + 9, 0x00, 0x01, 0xc1, 0x00, 0x00, ...content, 0, 0, 0, 0])
}

function audioPes(time: number): Buffer {
  const length = 7 + silence.length
  const adts = Uint8Array.of(
    0xff,
    0xf1,
    0x50,
    0x80 | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | 0x1f,
    0xfc,
  )
  const stamp = [
    0x21 | ((Math.floor(time / 2 ** 30) & 7) << 1),
    (time >> 22) & 0xff,
    1 | ((time >> 14) & 0xfe),
    (time >> 7) & 0xff,
    1 | ((time << 1) & 0xfe),
  ]
  const rest = [0x80, 0x80, 5, ...stamp]
  const size = rest.length + length
  return Buffer.concat([Uint8Array.of(0, 0, 1, 0xc0, size >> 8, size & 0xff, ...rest), adts, silence])
}
