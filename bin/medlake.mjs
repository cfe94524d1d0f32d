#!/usr/bin/env node
/** The command `medlake`: src/cli/main.ts, from whatever folder and through whatever link it is called. */
import { fileURLToPath } from "node:url"
import { refuseOldNode, runTypeScript } from "../scripts/launch.mjs"

refuseOldNode()
runTypeScript(fileURLToPath(new URL("../src/cli/main.ts", import.meta.url)), process.argv.slice(2))
