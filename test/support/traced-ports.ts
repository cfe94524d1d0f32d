/**
 * The ports of an upload with every call counted, and a process that ends at the one it was told.
 *
 * @module
 */
import type { AgentPort, Outbox } from "../../src/lake/ports.ts"
import type { BlobSource, BlobStore } from "../../storage/blob-store.ts"

/** Told before each call, and before each piece of a blob that leaves. May end the process. */
export type AtCall = (call: string) => void

/** A store whose puts and stats are told, and each piece that a put takes. */
export function tracedStore(name: string, store: BlobStore, at: AtCall): BlobStore {
  return {
    put: (key, source, options) => {
      at(`${name}.put`)
      return store.put(key, tracedSource(name, source, at), options)
    },
    stat: (key, options) => {
      at(`${name}.stat`)
      return store.stat(key, options)
    },
    get: (key, range, options) => store.get(key, range, options),
    delete: (key, options) => store.delete(key, options),
    list: (options) => store.list(options),
    close: () => store.close(),
  }
}

function tracedSource(name: string, source: BlobSource, at: AtCall): BlobSource {
  return {
    ...source,
    open: async function* () {
      let isFirst = true
      for await (const piece of source.open()) {
        if (!isFirst) at(`${name} mid blob`)
        isFirst = false
        yield piece
      }
    },
  }
}

/** An agent whose calls are told. */
export function tracedAgent(agent: AgentPort, at: AtCall): AgentPort {
  const told =
    <A extends unknown[], R>(name: string, call: (...given: A) => R) =>
    (...given: A): R => {
      at(`agent.${name}`)
      return call(...given)
    }
  return {
    pairingKey: (signal) => agent.pairingKey(signal),
    handOver: (message, signal) => agent.handOver(message, signal),
    query: told("query", (message, signal) => agent.query(message, signal)),
    deposit: told("deposit", (messages, signal) => agent.deposit(messages, signal)),
    submit: told("submit", (aggregate, signal) => agent.submit(aggregate, signal)),
    cosign: (act, signal) => agent.cosign(act, signal),
    keepLink: (message, signal) => agent.keepLink(message, signal),
    dropLink: (message, signal) => agent.dropLink(message, signal),
  }
}

/** An outbox whose calls are told. */
export function tracedOutbox(outbox: Outbox, at: AtCall): Outbox {
  return {
    save: (upload) => {
      at(
        upload.anchor ? "outbox.save signed" : upload.stored ? "outbox.save stored" : "outbox.save",
      )
      return outbox.save(upload)
    },
    uploads: () => outbox.uploads(),
    discard: (id) => {
      at("outbox.discard")
      return outbox.discard(id)
    },
  }
}
