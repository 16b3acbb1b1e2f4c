// Moves every octave to its distance from the largest one seen, when that one has grown, and adds up the cells that fall
// together there. One workgroup for each half of a table.

const LARGEST = 0u;
const SEEN = 1u;
const BEFORE = 2u;

const LANES = 32u;

@group(0) @binding(0) var<storage, read_write> tables: array<u32>;
@group(0) @binding(1) var<storage, read> places: array<u32>;

var<workgroup> before: u32;
var<workgroup> largest: u32;

@compute @workgroup_size(LANES)
fn coarsen(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let half = group.x * HALF_WORDS;
  if lane == 0u {
    before = tables[half + LARGEST];
    largest = max(before, tables[half + SEEN]);
    tables[half + BEFORE] = before;
    tables[half + LARGEST] = largest;
  }
  let octaves = workgroupUniformLoad(&largest);
  let known = workgroupUniformLoad(&before);
  let grown = octaves - known;
  if grown == 0u || known == 0u {
    return;
  }
  // From the farthest octave to the nearest: what one takes its counts from is overwritten later.
  for (var left = octaves; left > 0u; left--) {
    let distance = left - 1u;
    let place = places[distance];
    let cells = 1u << (23u - (place & 31u));
    for (var k = lane; k < cells; k += LANES) {
      var sum = 0u;
      if distance >= grown {
        let source = places[distance - grown];
        let merged = 1u << ((place & 31u) - (source & 31u));
        let first = half + (source >> 5u) + k * merged;
        for (var j = 0u; j < merged; j++) {
          sum += tables[first + j];
        }
      }
      tables[half + (place >> 5u) + k] = sum;
    }
    storageBarrier();
  }
}
