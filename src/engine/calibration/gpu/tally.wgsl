// Counts zeros, NaN, infinities and every value within the largest octaves known so far, and finds each sample's
// extent. What lies above those octaves is left to rest.wgsl.

@compute @workgroup_size(LANES)
fn tally(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let positives = piece.table;
  let negatives = piece.table + HALF_WORDS;
  let knownPositive = atomicLoad(&tables[positives + LARGEST]);
  let knownNegative = atomicLoad(&tables[negatives + LARGEST]);
  let start = piece.start + id.y * piece.length;
  let step = groups.x * LANES;
  // Of the least key the complement is kept, so that 0 is none.
  var low = 0u;
  var high = 0u;
  var zeros = 0u;
  var flags = 0u;
  for (var i = id.x; i < piece.length; i += step) {
    let word = clamped(values[start + i]);
    let magnitude = word & MAGNITUDE;
    let negative = word > MAGNITUDE;
    if magnitude >= INFINITY {
      if magnitude > INFINITY {
        atomicAdd(&tables[positives + NAN], 1u);
      } else {
        atomicAdd(&tables[halfOf(word) + INFINITIES], 1u);
        flags |= select(HAS_POSITIVE_INFINITY, HAS_NEGATIVE_INFINITY, negative);
      }
      continue;
    }
    let key = keyOf(word);
    low = max(low, ~key);
    high = max(high, key);
    zeros += select(0u, 1u, magnitude == 0u);
    let known = select(knownPositive, knownNegative, negative);
    let octave = octaveOf(magnitude);
    // That of a zero is 0, and wraps around.
    if octave - 1u < known {
      atomicAdd(&tables[cellOf(word, known - octave)], 1u);
    }
  }
  if zeros > 0u {
    atomicAdd(&tables[positives + ZEROS], zeros);
  }
  if high > SIGN {
    raise(positives + SEEN, octaveOf(high ^ SIGN));
  }
  if low > SIGN {
    raise(negatives + SEEN, octaveOf(low ^ SIGN));
  }
  let extent = piece.extent + id.y * piece.nextExtent;
  if atomicLoad(&extents[extent]) < low {
    atomicMax(&extents[extent], low);
  }
  if atomicLoad(&extents[extent + 1u]) < high {
    atomicMax(&extents[extent + 1u], high);
  }
  if flags != 0u {
    atomicOr(&extents[extent + 2u], flags);
  }
}

// Most lanes find that another was there before, and a load is cheaper than an exchange.
fn raise(at: u32, value: u32) {
  if atomicLoad(&tables[at]) < value {
    atomicMax(&tables[at], value);
  }
}
