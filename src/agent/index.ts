/**
 * The patient's always-on program: adopts deposits, cosigns what it understands, keeps links.
 *
 * @module
 */
export { PatientAgent } from "./agent.ts"
export type {
  AgentContext,
  AgentTables,
  Decision,
  OpenStores,
  StoreOwner,
} from "./ports.ts"
export { parseRules, type Rules } from "./rules.ts"
export {
  type AgentKeys,
  type AgentSecrets,
  type Keyring,
  keyringSecrets,
  type VaultSecrets,
} from "./secrets.ts"
export { agentApp, type LogEntry } from "./server.ts"
export { type AgentOptions, type RunningAgent, startAgent } from "./start.ts"
