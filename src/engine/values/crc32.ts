const POLYNOMIAL = 0xedb88320;
const AT_ONCE = 8;

/** Entry b of table t: the checksum of byte b followed by t zeros. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(AT_ONCE * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 255] as number);
  }
  return tables;
}

/**
 * CRC-32 as zip has it, of `bytes` after those whose checksum is `before`. Eight bytes at a time (Kounavis and Berry,
 * "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", 2008): fflate's, a byte at a time, took a
 * seventh of an export.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let i = 0;
  for (const end = bytes.length - AT_ONCE; i <= end; i += AT_ONCE) {
    crc ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    crc =
      lookUp(7, crc) ^
      lookUp(6, crc >>> 8) ^
      lookUp(5, crc >>> 16) ^
      lookUp(4, crc >>> 24) ^
      lookUp(3, bytes[i + 4] as number) ^
      lookUp(2, bytes[i + 5] as number) ^
      lookUp(1, bytes[i + 6] as number) ^
      lookUp(0, bytes[i + 7] as number);
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ lookUp(0, crc ^ (bytes[i] as number));
  return ~crc >>> 0;
}

function lookUp(table: number, byte: number): number {
  return TABLES[table * 256 + (byte & 255)] as number;
}
