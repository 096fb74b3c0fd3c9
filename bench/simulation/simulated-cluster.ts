// The parts of a simulated cluster, and which of its nodes live and reach the engine.
import { Crowd } from './crowd.ts';
import { ModelledEngine } from './modelled-engine.ts';
import type { Plan } from './plan.ts';
import { SimulatedNode } from './simulated-node.ts';

/** Milliseconds to the engine, and from it. */
export const wayMs = 0.5;

export class SimulatedCluster {
  readonly plan: Plan;
  /** Seconds between two announces of a peer. */
  readonly interval: number;
  readonly nodes: readonly SimulatedNode[];
  readonly crowd: Crowd;
  /** How many peers there can be in all, one after the other. */
  readonly mostPeers: number;
  readonly engine: ModelledEngine;
  /** The numbers of those that have not died. */
  readonly living: number[];
  /** The number of the one that does not reach the engine; -1 when all do. */
  cutOff = -1;

  constructor(plan: Plan) {
    this.plan = plan;
    const peers = Math.round(plan.peers / plan.sample);
    this.interval = plan.peers / plan.announces;
    let state = plan.seed | 0;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 0) / 2 ** 32;
    };
    this.mostPeers =
      peers + Math.ceil((plan.announces / plan.sample) * plan.changes * 1.3 * this.allSeconds) + 1000;
    this.crowd = new Crowd(peers, this.mostPeers, plan.changes, plan.silent, random);
    const bytes = Math.max(16 * 2 ** 20, peers * 160);
    this.nodes = Array.from(
      { length: plan.nodes },
      (_, i) => new SimulatedNode(`node${i}`, bytes, this.interval, plan.peerTtl, Math.floor(random() * 1e9)),
    );
    this.living = this.nodes.map((_, i) => i);
    this.engine = new ModelledEngine(plan.engineRate, plan.nodes, plan.keptBytes, wayMs);
  }

  /** Virtual seconds, the time in which the swarms fill included. */
  get allSeconds(): number {
    return this.interval + this.plan.seconds;
  }

  /** Whether a node lives and reaches the engine. */
  reaches(node: number): boolean {
    return node !== this.cutOff && this.living.includes(node);
  }

  /** The numbers of all that do. */
  get reaching(): number[] {
    return this.living.filter((node) => node !== this.cutOff);
  }
}
