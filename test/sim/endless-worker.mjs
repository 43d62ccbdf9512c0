// A worker whose second seed never ends, as one does in a loop that takes no virtual time.
process.on('message', ({ from }) => {
  process.send({ type: 'began', seed: from + 1 }, () => {
    for (;;);
  });
});
