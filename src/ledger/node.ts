/**
 * The connection to one Symbol node: the only thing that differs between an embedded devnet, a devnet on a socket and a
 * real node.
 *
 * @module
 */

/** A REST answer: HTTP status and the parsed JSON body (`undefined` when there is none). */
export interface NodeResponse {
  readonly status: number
  readonly body: unknown
}

/** A frame of the node's WebSocket: `topic` is the channel as subscribed, `data` its JSON. */
export interface NodeFrame {
  readonly topic: string
  readonly data: unknown
}

/**
 * One Symbol node, as `reference` REST 2.5 speaks.
 *
 * `request` resolves with any HTTP answer, 4xx and 5xx included, and throws `LedgerUnavailableError` only when there was
 * none. `listen` resolves once the socket is open and the channels are subscribed; frames then arrive in order;
 * `onClose` is called once when the socket is gone for any reason but `close()`.
 */
export interface SymbolNode {
  request(
    method: "GET" | "PUT" | "POST",
    path: string,
    body?: unknown,
    options?: { readonly signal?: AbortSignal },
  ): Promise<NodeResponse>
  listen(
    channels: readonly string[],
    onFrame: (frame: NodeFrame) => void,
    options?: { readonly signal?: AbortSignal; readonly onClose?: (error: Error) => void },
  ): Promise<{ close(): void }>
}
