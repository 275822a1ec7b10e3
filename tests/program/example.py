"""A small program to read: w is copied into panels, rows are gathered, multiplied, and summed by shards."""

SOUND = """\
program max_rows=130 scalars=1
buffer %0 = 'X' data f32[T,8] strides=(8, 1) panel=0
buffer %1 = 'rows' index i32[N] strides=(1,) panel=0
buffer %2 = 'w' state f32[8,8] strides=(8, 1) panel=0
buffer %3 = 'copy' scratch f32[8,8] strides=(16, 1) panel=16
buffer %4 = 'x' scratch f32[N,8] strides=(8, 1) panel=0
buffer %5 = 'h' local f32[N,8] strides=(8, 1) panel=0
buffer %6 = 'parts' scratch f32[S] strides=(1,) panel=0
buffer %7 = 'loss' output f32[] strides=() panel=0
buffer %8 = 'old' output f32[8,8] strides=(8, 1) panel=0
phase
  track N block=64
    loop map [N,8] over []
      0: load %1[0]
      1: load %0[-@0,1]
      2: store %4[0,1] 1
  track 8 block=8
    loop map [8,8] over []
      0: load %2[1,0]
      1: store %3[0,1] 0
phase
  track N block=64
    loop contract [N,8] over [8]
      0: product %4[0,2] %3[2,1]
      1: apply relu{} 0
      2: store %5[0,1] 1
    loop reduce [S] over [N,8]
      0: load %5[1,2]
      1: apply mul{} 0 0
      2: accumulate sum 1
      3: store %6[0] 2
phase
  track 1 block=1
    loop reduce [] over [S]
      0: load %6[0]
      1: accumulate sum 0
      2: rows f32
      3: apply div{} 1 2
      4: store %7[] 3
  track 8 block=8
    loop map [8,8] over []
      0: load %2[0,1]
      1: scalar 0 f32
      2: apply mul{} 0 1
      3: store %8[0,1] 0
      4: store %2[0,1] 2
"""
