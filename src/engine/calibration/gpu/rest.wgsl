// Counts the values above the octave that was the largest of their sign before. Nearly always there is none.

@compute @workgroup_size(LANES)
fn rest(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let negatives = piece.table + HALF_WORDS;
  let before = vec2u(atomicLoad(&tables[piece.table + BEFORE]), atomicLoad(&tables[negatives + BEFORE]));
  let largest = vec2u(atomicLoad(&tables[piece.table + LARGEST]), atomicLoad(&tables[negatives + LARGEST]));
  if all(before == largest) {
    return;
  }
  let length = piece.length * piece.samples;
  for (var i = id.x; i < length; i += groups.x * LANES) {
    let word = clamped(values[piece.start + i]);
    let magnitude = word & MAGNITUDE;
    let octave = octaveOf(magnitude);
    let sign = select(0u, 1u, word > MAGNITUDE);
    if magnitude < INFINITY && octave > before[sign] {
      atomicAdd(&tables[cellOf(word, largest[sign] - octave)], 1u);
    }
  }
}
