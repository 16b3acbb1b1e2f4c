import { preview } from "vite";

const DEFAULT_PORT = 4173;

const { PORT } = process.env;
try {
  const server = await preview({
    preview: { host: "127.0.0.1", port: PORT ? Number(PORT) : DEFAULT_PORT, strictPort: Boolean(PORT) },
  });
  console.log(`Octet is at ${server.resolvedUrls?.local[0]} (Ctrl-C ends it)`);
} catch (error) {
  console.error(`Octet cannot be served: ${(error as Error).message}`);
  process.exitCode = 1;
}
