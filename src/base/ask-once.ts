/**
 * One answer for all who ask the same.
 *
 * @module
 */

/** The answer to a question, asked by whoever needs it first. */
export function askOnce<K, V>(answers: Map<K, V>, question: K, ask: () => V): V {
  const answer = answers.get(question) ?? ask()
  answers.set(question, answer)
  return answer
}
