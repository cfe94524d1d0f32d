import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { admitHospital, createVault, type Patient, startWorld, type World } from "./world.ts"

describe("smoke", () => {
  let world: World
  let patient: Patient
  beforeAll(async () => {
    world = await startWorld()
    patient = await createVault(world)
  })
  afterAll(() => world.close())
  it("admits", async () => {
    const hospital = await admitHospital(world, patient)
    expect(hospital.act.height).toBeGreaterThan(1)
  })
})
