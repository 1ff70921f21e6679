// Evaluated in Firefox's own window: what the threads of one origin's pages do, from the profiler that
// every Firefox carries. It samples the processes of all pages, also those whose main thread spins.
async (origin, seconds) => {
  const MOST = 400; // stacks of one thread
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function stacksOf(thread) {
    const { stringTable, frameTable, stackTable, samples } = thread;
    const found = new Map();
    for (const sample of samples.data.slice(-MOST)) {
      const stack = [];
      let place = sample[samples.schema.stack];
      while (place !== null && place !== undefined) {
        const row = stackTable.data[place];
        stack.push(stringTable[frameTable.data[row[stackTable.schema.frame]][frameTable.schema.location]]);
        place = row[stackTable.schema.prefix];
      }
      if (stack.some((text) => text.includes(`(${origin}`))) found.set(stack.join("\n"), stack);
    }
    return [...found.values()];
  }

  function* threadsOf(profile) {
    yield* profile.threads ?? [];
    for (const process of profile.processes ?? []) yield* threadsOf(process);
  }

  async function look() {
    const profile = await Services.profiler.getProfileDataAsync();
    const found = [];
    for (const thread of threadsOf(profile)) {
      const stacks = stacksOf(thread);
      if (stacks.length > 0) found.push({ name: thread.name, stacks });
    }
    return found;
  }

  await Services.profiler.StartProfiler(1 << 18, 5, ["js", "stackwalk"], ["GeckoMain", "DOM Worker"]);
  try {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      await pause(400);
      const found = await look();
      if (found.some(({ stacks }) => stacks.length > 3) || Date.now() > deadline) return JSON.stringify(found);
    }
  } finally {
    await Services.profiler.StopProfiler();
  }
}
