"""The bugs that `tests/mutants.py` plants, one at a time; add lines to the list when you add mathematics."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """`old`, which occurs exactly once in `file`, becomes `new`; one of `tests` (files or node ids) must fail."""

    file: str
    old: str
    new: str
    tests: str


A, T = "tests/models/test_architectures.py", "tests/leaderboard/tables/test_table.py"
CLOSED = f"{A}::test_closed_form_on_a_linear_field"
LOCAL = f"{A}::test_local_drop_path_has_the_distribution_computed_by_hand"
GLOBAL = f"{A}::test_global_drop_path_keeps_one_column_of_the_whole_net"
BLOCK = f"{A}::test_block_by_hand"
REVNET, POLYNET, FRACTAL, ODE = (f"models/{name}.py" for name in ("revnet", "polynet", "fractalnet", "solving/continuous"))
FRAME, STATISTICS, STAT = (
    "leaderboard/tables/frame.py",
    "leaderboard/tables/statistics.py",
    "tests/leaderboard/tables/test_statistics.py",
)
ADJOINT = f"{A}::test_adjoint_gradients_are_the_direct_ones"
REVERSIBLE, MEMORY, AGAIN = (f"models/training/{name}.py" for name in ("reverse", "memory", "again"))
STEPS, ADAPTIVE, WATCH = (f"models/solving/{name}.py" for name in ("fixed", "adaptive", "watch"))
EXACT, D = "models/lowering/exact.py", "tests/models/test_depth.py"
G, F, V = (
    "tests/leaderboard/analysis/test_diagnostics.py",
    "tests/models/test_ode_family.py",
    "tests/leaderboard/submissions/test_submission.py",
)
STORE, SITE, ROUNDS = (
    f"tests/leaderboard/{name}.py" for name in ("store/test_store", "site/test_site", "submissions/test_rounds")
)
PROTOCOLS = "tests/leaderboard/tables/test_protocols.py"
PACK = "tests/leaderboard/submissions/test_pack.py"
HOSTILE = f"{V}::test_hostile_submission_has_its_code_and_changes_nothing"
NET, BLOCKS, CELLS = "models/net.py", "models/block.py", "leaderboard/tables/cells.py"
SCORE, S, RUNS = (
    "leaderboard/running/score.py",
    "tests/leaderboard/running/test_score.py",
    "tests/leaderboard/running/test_train.py",
)
PROGRAM, POLY, TABLEAU = (f"tasks/programs/{n}.py" for n in ("program", "polynomial", "tableau"))
TURING, MINSKY = "tasks/turing.py", "tasks/minsky.py"
ARCHITECTURE, VALIDATE = "models/architecture.py", "tasks/programs/validation.py"
LATTICE, MACHINES, ZOO = "tasks/programs/lattice.py", "tasks/programs/machines.py", "tasks/programs/zoo.py"
SWEEPS, STACKS, NUMBERS, CIRCUITS = (f"tests/tasks/test_{name}.py" for name in ("sweeps", "stacks", "arithmetic", "circuits"))
L, C = "tests/tasks/test_lattice.py", "tests/tasks/test_cards.py"
P, K, R = "tests/tasks/test_programs.py", "tests/tasks/test_tasks.py", "tests/models/test_references.py"
RUN = f"{P}::test_run_follows_the_interpreter"
SYM = f"{P}::test_sympy_and_torch_have_the_same_right_hand_side"
TAB = f"{P}::test_tableau_answers_as_the_program_up_to_its_length_and_not_beyond"
VAL = f"{P}::test_refused"
ONCE = f"{P}::test_refused_only_in_a_write_once_program"
EXCLUDE = f"{P}::test_guards_that_exclude_each_other_are_accepted"
TAPE, TWO_WAY, FORMATS = "tasks/programs/tape.py", "tests/tasks/test_two_way.py", "tests/tasks/test_formats.py"
JFLAP, AUTOMATA, ROOM = (f"tests/tasks/test_{name}.py" for name in ("jflap", "automata", "tag_room"))
OVERFLOW = "tests/tasks/test_machines.py::test_a_counter_that_overflows_is_marked"
CLAIMS, CLAIMED = "leaderboard/reproduce", "tests/leaderboard/reproduce/test_claims.py"
POINTS = "tests/leaderboard/reproduce/test_points.py"
PLAN, PIECES, WORKER, CLUSTERS = (f"leaderboard/cluster/{name}.py" for name in ("plan", "pieces", "worker", "clusters"))
PLANS, WORKERS, CHOICES, SENT_AWAY, LOCALLY = (
    f"tests/leaderboard/cluster/test_{name}.py" for name in ("plan", "worker", "choices", "clusters", "local")
)
PACE, RECALL, LATER = (f"tests/models/test_{name}.py" for name in ("pace", "recall", "progressive"))
TRAINED_AT_ONCE = "tests/leaderboard/running/test_block.py"
PUBLISHED = "tests/leaderboard/store/test_published.py"
COMPACT, COMPACTED = "leaderboard/store/compact.py", "tests/leaderboard/store/test_compact.py"
TOGETHER, ATONCE = "models/training/together.py", "tests/models/test_together.py"
LEARNER, RUNNING_MEMORY = "models/training/learner.py", "leaderboard/running/memory.py"
PARITY = f"{P}::test_equations_of_parity_by_hand"
STATES = f"{R}::test_states_are_those_of_the_discrete_ode_and_spare_channels_are_zero"
DISC = f"{R}::test_discrete_networks_on_short_and_long_words"
NODE = f"{R}::test_neural_odes_on_short_and_long_words"
GAMMA = f"{R}::test_registers_of_the_neural_ode_are_gamma_distributed"
REV = f"{R}::test_revnet_counts_in_its_second_half_and_holds_bits_in_the_first"
ALL_WORDS = f"{K}::test_solve_target_and_program_agree_on_all_short_words"
EXAMPLE = f"{K}::test_example"
LAST_CELL = f"{K}::test_only_the_last_cell_is_scored_if_so_wished"
SAMPLES = f"{K}::test_samples_are_inputs_and_reproducible"
ENDS = f"{K}::test_turing_table_with_defaults_and_the_ends_of_the_tape"

MUTANTS = [
    # leaderboard: which code a result depends on
    Mutant(
        "leaderboard/store/provenance.py",
        "queue += [origin, *filter",
        "queue += [*filter",
        "tests/leaderboard/store/test_record.py::test_code_hash_covers_all_that_is_loaded",
    ),
    Mutant(
        "leaderboard/store/provenance.py",
        "queue.append(module.rpartition",
        "queue.count(module.rpartition",
        "tests/leaderboard/store/test_record.py::test_code_hash_covers_all_that_is_loaded",
    ),
    # models
    Mutant("models/resnet.py", "return x + F(x)", "return F(x)", CLOSED),
    Mutant(REVNET, "torch.cat([y1, y2], 1)", "torch.cat([y2, y1], 1)", CLOSED),
    Mutant(REVNET, "y2 = x2 + G(y1)\n        return", "y2 = x2 + G(x1)\n        return", CLOSED),
    Mutant(REVNET, "x1 = y1 - F(x2)\n", "x1 = y1 - F(y2)\n", f"{A}::test_revnet_is_inverted"),
    Mutant(POLYNET, "list(blocks) * self.order", "list(blocks) * (self.order - 1)", CLOSED),
    Mutant(POLYNET, "chain = blocks if", "chain = blocks[::-1] if", CLOSED),
    Mutant(POLYNET, "x + sum(F(x) for F in blocks)", "x + sum(F(x) for F in blocks[:2])", CLOSED),
    Mutant(FRACTAL, "/ len(alive)", "/ len(columns)", LOCAL),
    Mutant(
        FRACTAL, "return some or [columns[int(torch.randint(len(columns), (), generator=generator))]]", "return some", LOCAL
    ),
    Mutant(FRACTAL, "columns[int(torch.randint(len(columns), (), generator=generator))]", "columns[0]", LOCAL),
    Mutant(FRACTAL, ">= self.drop", "< self.drop", LOCAL),
    Mutant(FRACTAL, "torch.randint(self.columns, (), generator=generator)", "self.columns - 1", GLOBAL),
    Mutant(FRACTAL, "return joined, kept", "return joined, torch.tensor(-1)", GLOBAL),
    Mutant(FRACTAL, "joined if j in columns else y", "joined if j in columns[:1] else y", CLOSED),
    Mutant(FRACTAL, "range(C - 1, -1, -1)", "range(C)", CLOSED),
    Mutant(
        BLOCKS,
        "V[channels, channels] = 1",
        "V[channels, channels] = 0.9",
        f"{A}::test_initial_net_is_the_identity_at_depth_100",
    ),
    Mutant(STEPS, "x + h / 2 * f(t, x))", "x + h * f(t, x))", f"{A}::test_order_of_convergence"),
    Mutant(STEPS, "2 * k3 + k4", "2 * k3 + k3", f"{A}::test_order_of_convergence"),
    Mutant(ODE, "layers[last][0] is blocks[0] and", "True and", CLOSED),
    Mutant(ADAPTIVE, "adjoint_params=parameters", "adjoint_params=()", ADJOINT),
    Mutant(ODE, "if fixed and not self.adjoint:", "if fixed:", ADJOINT),
    Mutant(
        ODE,
        '"rtol": self.rtol, "atol": self.atol, "method"',
        '"method"',
        f"{A}::test_error_falls_with_the_tolerance",
    ),
    Mutant(WATCH, "if self.spent > self", "if self.spent >= self", f"{A}::test_evaluations_are_capped"),
    Mutant(
        ODE,
        "        watched, fixed = watch.over(field)",
        "        watch.spent = 0\n        watched, fixed = watch.over(field)",
        f"{A}::test_evaluations_are_capped",
    ),
    Mutant(WATCH, "if free < self.least:", "if free <= 0:", f"{F}::test_a_solver_stops_before_memory_does"),
    Mutant(WATCH, "free // SHARE) if", "free) if", f"{F}::test_a_solver_stops_before_memory_does"),
    Mutant(
        WATCH, "if free < self.least:", "if free <= self.least:", f"{F}::test_a_solver_leaves_half_a_gigabyte_of_a_large_memory"
    ),
    Mutant(WATCH, " and self.last.requires_grad:", ":", f"{F}::test_memory_is_looked_at_only_where_backward_keeps_it"),
    Mutant(STEPS, '"heun2": Method(heun2, 2, 2)', '"heun2": Method(heun2, 1, 2)', f"{A}::test_calls_are_those_counted"),
    Mutant(ADAPTIVE, '"dopri8": 13', '"dopri8": 12', f"{A}::test_calls_of_a_step_of_an_adaptive_method"),
    Mutant(POLYNET, "return self.order", "return self.blocks", f"{A}::test_calls_are_those_counted"),
    Mutant(
        "models/second_order_ode.py",
        'if self.velocity == "learnt":',
        'if self.velocity == "zero":',
        f"{F}::test_a_learnt_velocity_is_what_is_embedded",
    ),
    Mutant("leaderboard/analysis/diagnostics.py", ">= order and other.steps >= own.steps", ">= order", G),
    Mutant("leaderboard/analysis/diagnostics.py", "FIXED[other.method].order >= order and", "", G),
    Mutant("leaderboard/analysis/gradients.py", "h = h + beta * branch if", "h = h + branch if", G),
    Mutant(ARCHITECTURE, 'check(self, f"{self.name}: ", ModelError)', "pass", f"{A}::test_bad_settings_are_refused"),
    Mutant(BLOCKS, "(1 - self.gate + self.gate *", "(1 - self.gate +", f"{A}::test_norm_gate"),
    Mutant(BLOCKS, "x.square().mean(-2, keepdim=True)", "x.square().mean(-1, keepdim=True)", f"{A}::test_norm_gate"),
    Mutant("models/branch.py", "(0, 0, 1, 1)", "(0, 0, 2, 0)", BLOCK),
    Mutant("models/branch.py", "x[:, :-2], x[:, 1:-1], x[:, 2:]", "x[:, 2:], x[:, 1:-1], x[:, :-2]", BLOCK),
    Mutant(BLOCKS, "x = self.norm(x)", "pass", f"{A}::test_block_normalises_what_it_reads"),
    Mutant(BLOCKS, "flatten(1), self.b)", "flatten(1))", BLOCK),
    Mutant(NET, "self.readout @ x + self.bias", "self.readout @ x - self.bias", f"{A}::test_net_embeds_and_reads_out"),
    Mutant(NET, "first = size * k if", "first = size * max(k - 1, 0) if", f"{A}::test_net_runs_its_layers_in_order"),
    Mutant(NET, "first = size * k if", "first = k if", f"{A}::test_net_runs_its_layers_in_order"),
    Mutant(NET, "depth > self.layers)", "depth > self.layers + 1)", f"{A}::test_bad_depth_is_refused"),
    Mutant(NET, "self.generator if self.training else None", "self.generator", f"{A}::test_nothing_is_dropped_in_evaluation"),
    Mutant(
        NET,
        "torch.randn(alphabet, width, generator=self.generator)",
        "torch.randn(alphabet, width)",
        f"{A}::test_global_random_state_is_untouched",
    ),
    Mutant(
        "models/__init__.py",
        "return width + -width % made.halves, hidden",
        "return width, hidden",
        f"{A}::test_build_rounds_the_width_up_to_whole_halves",
    ),
    # leaderboard
    Mutant(
        FRAME,
        "score = np.where(np.isnan(score), shortcut, score)",
        "score = np.nan_to_num(score)",
        f"{T}::test_failed_run_counts_as_the_chance_of_its_task",
    ),
    Mutant(FRAME, '[f"{metric}_shortcut"].mean()', '["symbol_shortcut"].mean()', f"{T}::test_cell_metric_is_words_or_symbols"),
    Mutant(STATISTICS, "p + z2 / (2 * total)", "p + z2 / total", STAT),
    Mutant(CELLS, 'out["reference"] - out["trained"]', 'out["trained"] - out["reference"]', f"{T}::test_cell_by_hand"),
    Mutant(SCORE, "answers == target", "answers == target.roll(1, 0)", S),
    Mutant(SCORE, "(right | ~counts).all(1)", "right.all(1)", f"{S}::test_only_scored_cells_count"),
    Mutant(SCORE, "target[counts].bincount().max()", "target[counts].bincount().min()", f"{S}::test_counts_by_hand"),
    Mutant(SCORE, "return_counts=True)[1].max()", "return_counts=True)[1].min()", f"{S}::test_counts_by_hand"),
    Mutant(SCORE, "logits.isfinite().all(1)", "logits.isfinite().any(1) | True", S),
    Mutant(SCORE, "length > trained_to or splits", "length >= trained_to or splits", f"{S}::test_held_out_is_told"),
    Mutant(SCORE, "curve += (after - x)", "curve = (after - x)", f"{S}::test_curve_length_of_the_parity_reference"),
    # tasks
    Mutant("tasks/words/split.py", "kept(words) == testing", "kept(words) != testing", "tests/tasks/test_words.py"),
    Mutant("tasks/words/split.py", "% PARTS == 0", "% PARTS <= 1", "tests/tasks/test_words.py"),
    Mutant("tasks/words/split.py", '"\\0".join', '"".join', "tests/tasks/test_words.py"),
    Mutant("leaderboard/running/measure.py", '{"reference": realised}', '{"reference": net}', RUNS),
    Mutant(
        "leaderboard/running/run.py", "if before := finished(folder, record", "if before := not finished(folder, record", RUNS
    ),
    # programs, references: see the tests named
    Mutant(
        "tasks/programs/dynamics.py", "[padded[..., :-2], x, padded[..., 2:]]", "[padded[..., 2:], x, padded[..., :-2]]", RUN
    ),
    Mutant("tasks/programs/dynamics.py", "functional.pad(x, (1, 1))", "functional.pad(x, (1, 1), value=1)", SYM),
    Mutant("tasks/programs/dynamics.py", "[planes, 1 - planes,", "[planes, -planes,", RUN),
    Mutant(PROGRAM, "change[self.first_channel[name] + value] = -1", "change[self.first_channel[name] + value] = 0", RUN),
    Mutant("tasks/programs/rules.py", "free = [name for name in self.changed() if self.old(name) is None]", "free = []", RUN),
    Mutant("tasks/programs/dynamics.py", "torch.where(output.amax(1) > 0, output.argmax(1), -1)", "output.argmax(1)", TAB),
    Mutant(
        "tasks/programs/rules.py",
        "(g.register, g.at, g.holds) == (register, 0, True)",
        "(g.register, g.holds) == (register, True)",
        VAL,
    ),
    Mutant(VALIDATE, "if literal.at not in (-1, 0, 1):", "if literal.at not in (-2, -1, 0, 1, 2):", VAL),
    Mutant(VALIDATE, "if changed.count(name) > 1:", "if changed.count(name) > 2:", VAL),
    Mutant(VALIDATE, "if not literal.holds and literal.register", "if literal.holds and literal.register", ONCE),
    Mutant(VALIDATE, "rule.guard if write_once else rule.complete(sizes)", "rule.complete(sizes)", ONCE),
    Mutant(VALIDATE, "differ or self.refuses(other) or other.refuses(self)", "differ or self.refuses(other)", EXCLUDE),
    Mutant(VALIDATE, "other.values.get(key, value) != value", "other.values.get(key) != value", VAL),
    Mutant(
        VALIDATE,
        "if names.count(name) > 1 or name in (ALIVE, INPUT):",
        "if names.count(name) > 1:",
        f"{P}::test_declarations_refused",
    ),
    Mutant(POLY, "= -y[:, self.program.static_channels :]", "= -2 * y[:, self.program.static_channels :]", SYM),
    Mutant(POLY, "program.taps(rule, implied=False)", "program.taps(rule)", SYM),
    Mutant(POLY, "(x if holds else 1 - x for x, holds in factors)", "(x for x, holds in factors)", PARITY),
    Mutant(POLY, "[i + at]", "[i - at]", PARITY),
    Mutant(
        POLY,
        "torch.where(output.amax(1) > 1e-4, output.argmax(1), -1)",
        "output.argmax(1)",
        f"{P}::test_polynomial_answer_is_empty_before_it_begins_and_right_at_the_end",
    ),
    Mutant(TABLEAU, "rules[0][1] if rules else window[name, 0])", "rules[0][1] if rules else None)", TAB),
    Mutant(TABLEAU, "if not rules and (name, 0) not in window:", "if False:", TAB),
    Mutant(TABLEAU, "rows[depth - 1].rules", "rows[depth - 2].rules", TAB),
    Mutant(TABLEAU, "LAST).write(length(k + 1))", "LAST).write(length(k))", TAB),
    Mutant(TABLEAU, "{(other, at): None for", "{(other, at): 0 for", TAB),
    Mutant(TABLEAU, "if length < 1:", "if length < 0:", f"{P}::test_tableau_of_no_length_refused"),
    Mutant(EXACT, "+= weight if tap.holds else -weight", "+= weight", DISC),
    Mutant(EXACT, "tap.channel, tap.at + 1]", "tap.channel, 1 - tap.at]", STATES),
    Mutant(EXACT, "U[k, 0, 1], b[k] = M, 1 - M", "U[k, 0, 1], b[k] = 0.0, 1.0", DISC),
    Mutant(
        EXACT,
        "weight = M if tap.static else 1.0",
        "weight = 1.0",
        f"{R}::test_a_false_static_literal_silences_a_unit_whatever_the_registers_hold",
    ),
    Mutant(BLOCKS, "scale * weights.V.to(self.V)", "weights.V.to(self.V)", GAMMA),
    Mutant(NET, "self.embed.zero_()", "pass", STATES),
    Mutant(NET, "reference.exit * half + channel", "channel", REV),
    Mutant(NET, "if need > self.width or", "if", f"{R}::test_too_narrow_a_net_is_refused"),
    Mutant(FRACTAL, "last = 2 ** (self.columns - 1)", "last = 1", STATES),
    Mutant(POLYNET, "[lower(program), *[idle()] * (self.blocks - 1)]", "[lower(program)] * self.blocks", DISC),
    Mutant(REVNET, "enumerate([1.0, -2.0, 1.0])", "enumerate([1.0, -1.0, 0.0])", REV),
    Mutant(REVNET, "lower(program, implied=False)]", "lower(program)]", REV),
    Mutant("models/lowering/settling.py", "-guards.V, -decay", "0 * guards.V, -decay", NODE),
    Mutant(
        "models/lowering/settling.py",
        "3.0 if reads > 1 else 1.0 for",
        "1.0 for",
        f"{R}::test_guards_of_the_neural_ode_are_exact_bits_within_their_margin",
    ),
    Mutant(ODE, "self.step), 2 * (math", "self.step), 0.8 * (math", GAMMA),
    Mutant(
        ARCHITECTURE,
        "if unrolled.depth(n) > program.depth(n)]",
        "if False]",
        f"{R}::test_tableau_that_needs_more_steps_than_the_task_gives_is_refused",
    ),
    Mutant(ARCHITECTURE, "tableau(program, 2)", "tableau(program, 1)", f"{R}::test_stated_width_is_the_true_one"),
    Mutant("tasks/task.py", "pad(target[:, -1:], (tokens", "pad(target[:, :1], (tokens", LAST_CELL),
    Mutant("tasks/task.py", "high >= self.alphabet", "high > self.alphabet", f"{K}::test_first_token_outside_of_the_alphabet"),
    Mutant(
        "tasks/task.py",
        "generator.integers(0, self._letters, (count, length))",
        "torch.randint(self._letters, (count, length))",
        SAMPLES,
    ),
    Mutant("tasks/addition.py", "carry((s + c) // 2)", "carry(s // 2)", EXAMPLE),
    Mutant("tasks/parity.py", "q(p ^ a)", "q(p | a)", EXAMPLE),
    Mutant("tasks/counter.py", "tokens.cumsum(1) % self.modulus", "tokens.cumsum(1) % 3", EXAMPLE),
    Mutant("tasks/cellular.py", "[0, *word, 0]", "[word[-1], *word, word[0]]", f"{K}::test_one_step_by_wolframs_table"),
    Mutant("tasks/cellular.py", "else ~cell(1, at)", "else cell(0, at)", EXAMPLE),
    Mutant(TURING, "min(max(head + move, 0), len(word) - 1)", "(head + move) % len(word)", ALL_WORDS),
    Mutant(ZOO, '"is1 * -> N S reject"', '"is1 * -> Y S reject"', f"{K}::test_palindrome_verdict"),
    Mutant(ZOO, '"restore b -> 1 L restore"', '"restore b -> 0 L restore"', f"{K}::test_copier_copies"),
    Mutant(MACHINES, "counter(0)).write(counter(1)).clear(signal)", "counter(0)).write(counter(1))", ALL_WORDS),
    Mutant(MACHINES, ", ~self.laps(self.rounds))", ")", f"{K}::test_minsky_table_and_its_time"),
    Mutant(MINSKY, "min(counters[r] + 1, n)", "counters[r] + 1", f"{K}::test_minsky_table_and_its_time"),
    Mutant("tasks/discover.py", "if parameter not in known:", "if False:", f"{K}::test_bad_parameters"),
    Mutant(LATTICE, "[rule.where(AWAKE(0)) for rule in rules]", "list(rules)", L),
    Mutant(
        LATTICE,
        "ahead = (AWAKE(0, at=direction), *empty",
        "ahead = (*empty(track, at=-direction), *empty",
        f"{L}::test_a_stream_waits_for_cells_that_are_not_awake",
    ),
    Mutant(LATTICE, "[when(track(v)).clear(track) for", "[when(track(v)).write(track(v)) for", L),
    Mutant(
        LATTICE,
        "[when(register(v, at=-direction)).write(register(v)) for",
        "[when(register(v, at=direction)).write(register(v)) for",
        L,
    ),
    Mutant(
        LATTICE,
        "if any(literal.at for literal in step.rule.guard) or",
        "if",
        f"{L}::test_a_head_that_looks_at_its_neighbours_is_refused",
    ),
    Mutant(LATTICE, "[stay.where(end), here", "[here", f"{L}::test_a_head_is_a_turing_machine"),
    Mutant(
        LATTICE, "replace(literal, at=-step.move)", "replace(literal, at=step.move)", f"{L}::test_a_head_is_a_turing_machine"
    ),
    Mutant(
        LATTICE,
        "*empty(self.kept), *empty(self.kept, at=1))",
        "*empty(self.kept))",
        f"{L}::test_a_stack_that_closes_up_is_not_empty",
    ),
    Mutant(LATTICE, "return rule.write(self.kept(symbol))", "return rule", f"{L}::test_random_pushdown_automata"),
    Mutant(
        LATTICE,
        "when(busy(0), kept(x)).clear(kept)",
        "when(busy(0), kept(x)).write(kept(x))",
        f"{L}::test_random_pushdown_automata",
    ),
    Mutant(
        MACHINES,
        "read == END else int(read))).clear(self.tape)",
        "read == END else int(read)))",
        f"{L}::test_random_pushdown_automata",
    ),
    Mutant(MACHINES, "when(LAST).write(self.tape(self.alphabet)), ", "", f"{L}::test_random_pushdown_automata"),
    Mutant(
        "leaderboard/analysis/audit.py",
        'seeded("audit of", task.label, n)',
        'seeded("audit", task.label, n)',
        f"{C}::test_shortcuts_are_fresh_and_reproducible",
    ),
    Mutant(
        "leaderboard/analysis/audit.py",
        "torch.where(votes.sum(1) > 0, votes.argmax(1), otherwise)",
        "otherwise",
        f"{C}::test_shortcuts_of_parity",
    ),
    Mutant(
        "tasks/words/split.py",
        "testing=length <= trained_to)",
        "testing=False)",
        f"{C}::test_overlap_of_training_and_test_words",
    ),
    Mutant("tasks/card.py", "if value not in allowed:", "if False:", f"{C}::test_bad_cards"),
    Mutant("leaderboard/site/cards.py", "task.card.rung, ", "", f"{C}::test_the_ladder_is_ordered"),
    Mutant("leaderboard/site/cards.py", "autoescape=True)", "autoescape=False)", f"{C}::test_what_a_card_says_is_text"),
    Mutant("tasks/task.py", "if not valid.all():", "if False:", f"{K}::test_minsky_word_that_is_not_unary"),
    Mutant(
        "tasks/group.py",
        "tuple(total[image] for image in group[token])",
        "tuple(group[token][image] for image in total)",
        SWEEPS,
    ),
    Mutant("tasks/odds_first.py", "word[1::2] + word[0::2]", "word[0::2] + word[1::2]", SWEEPS),
    Mutant("tasks/even_pairs.py", "tokens[:, :1] ^ tokens", "tokens[:, :1] | tokens", SWEEPS),
    Mutant("tasks/compute_sqrt.py", "isqrt(int(", "isqrt(1 + int(", NUMBERS),
    Mutant("tasks/popcount.py", "word.count(1) >> i", "word.count(0) >> i", NUMBERS),
    Mutant("tasks/circuit_value.py", "1 - own * right}", "1 - own * left}", CIRCUITS),
    Mutant("tasks/reachability.py", "range(u + 1, len(nodes)) if word", "range(u + 2, len(nodes)) if word", CIRCUITS),
    Mutant("tasks/dyck.py", "opened.pop() != bracket - 1", "opened.pop() > bracket", STACKS),
    Mutant(
        "models/lm_resnet.py",
        "(1 - F.k) * x + F.k * before",
        "F.k * x + (1 - F.k) * before",
        f"{A}::test_lm_resnet_is_its_two_step_method",
    ),
    Mutant(
        "models/momentum_resnet.py",
        "return x + v, v",
        "return x + self.gamma * v, v",
        f"{A}::test_momentum_resnet_on_a_linear_field",
    ),
    Mutant("models/plain.py", "torch.relu(F(x))", "x + torch.relu(F(x))", f"{A}::test_plain_is_rectified_and_has_no_skip"),
    # very deep
    Mutant(REVERSIBLE, "        torch.set_rng_state(host)\n", "", f"{D}::test_dropout_in_a_block_drops_the_same_again"),
    Mutant(REVERSIBLE, "if not error <= LIMIT]", "if error > LIMIT]", f"{D}::test_warning_where_branches_are_not_bounded"),
    Mutant(REVERSIBLE, "part.contiguous() if", "part if", f"{D}::test_in_reverse_memory_does_not_grow_with_depth"),
    Mutant(
        REVERSIBLE,
        "torch.autocast(device.type, *ctx.precision)",
        "torch.autocast(device.type, enabled=False)",
        f"{D}::test_layers_are_run_again_in_the_precision_of_the_forward_pass",
    ),
    Mutant(
        REVERSIBLE,
        "architecture.inverse(state, blocks), parameters)",
        "architecture.inverse(state, blocks))",
        f"{D}::test_gradients_in_reverse_by_finite_differences",
    ),
    Mutant(
        AGAIN,
        "name: buffer.clone() for",
        "name: buffer for",
        f"{D}::test_running_statistics_are_updated_once_a_step",
    ),
    Mutant(MEMORY, "        generator.set_state(drawn[0])\n", "", f"{D}::test_gradients_are_those_of_autograd"),
    Mutant(
        "models/momentum_resnet.py",
        "math.log(16)",
        "math.log(2**16)",
        f"{D}::test_momentum_loses_four_bits_before_a_state_is_kept",
    ),
    Mutant(STEPS, "f(t + h, x + h * k1)", "f(t, x + h * k1)", f"{F}::test_times_at_which_a_step_asks"),
    Mutant("models/neural_ode.py", "+ t / depth", "+ t", f"{F}::test_a_field_reads_the_time"),
    Mutant("models/second_order_ode.py", "scale=4 * speed)", "scale=3 * speed)", f"{F}::test_second_order_references"),
    Mutant("models/tis_ode.py", "change.abs()", "change", f"{F}::test_penalty_counts_the_way_there_and_back"),
    Mutant(
        "models/streaming/stream.py",
        "(0, max(layers.depth - cells, 0))",
        "(max(layers.depth - cells, 0), 0)",
        "tests/models/test_streams.py::test_net_is_the_recursion_by_hand",
    ),
    Mutant(
        "models/streaming/stream.py",
        "K = 128.0",
        "K = 8.0",
        "tests/models/test_streams.py::test_noise_on_every_hidden_state_is_corrected_at_every_step",
    ),
    Mutant(
        "models/lowering/automata.py",
        "output, *held = *queue, edge.output",
        "*held, output = *queue, edge.output",
        "tests/models/test_streams.py::test_delayed_outputs_come_later",
    ),
    Mutant(
        "models/lowering/automata.py", "any(tap.at > 0 for", "any(tap.at > 1 for", "tests/models/test_streams.py::test_reasons"
    ),
    # what the trained dynamics do
    Mutant(
        "leaderboard/analysis/diagnostics.py",
        "size = x.square().mean((1, 2), keepdim=True).sqrt() if relative else 1.0",
        "size = 1.0",
        G,
    ),
    Mutant("leaderboard/analysis/diagnostics.py", "numbers=range(k, k + 1))", "numbers=range(0, 1))", G),
    Mutant("leaderboard/analysis/diagnostics.py", "step=1 / steps, adjoint=False", "step=1.0, adjoint=False", G),
    Mutant("leaderboard/running/failure.py", "fine, broken = -1, layers", "fine, broken = 0, layers", G),
    Mutant("leaderboard/analysis/gradients.py", "(rows - mean).square()", "rows.square()", G),
    Mutant("leaderboard/analysis/basin.py", "sigma * parameter.square().mean().sqrt() * noise", "sigma * noise", G),
    Mutant("models/training/learner.py", "if not torch.isfinite(loss):", "if False:", G),
    Mutant(TOGETHER, "gradients[name].contiguous()", "gradients[name]", f"{ATONCE}::test_together_as_alone"),
    Mutant(TOGETHER, "vector_norm(norms, dim=0)", "vector_norm(norms)", f"{ATONCE}::test_together_as_alone"),
    Mutant(
        TOGETHER, "zip(states, generators, strict=True)", "zip(states, generators[::-1])", f"{ATONCE}::test_together_as_alone"
    ),
    Mutant(TOGETHER, "self.learner.done += 1", "self.learner.done += 0", f"{ATONCE}::test_together_as_alone"),
    Mutant(
        "leaderboard/analysis/spacetime.py",
        "np.where(self.margin < UNDECIDED, -1, self.values)",
        "self.values",
        "tests/leaderboard/analysis/test_show.py",
    ),
    # statistics
    Mutant(
        FRAME,
        'for some in ([run for run in found if run["ranked"]], found):',
        "for some in (found,):",
        f"{STAT}::test_a_submission_cannot_make_others_miss_runs_or_tasks",
    ),
    Mutant(STATISTICS, "[:, generator.permutation(resamples)]", "", STAT),
    Mutant(STATISTICS, "np.maximum(0.0, 1.0 - stratum)", "1.0 - stratum", STAT),
    Mutant(STATISTICS, "np.maximum.accumulate(values[order]", "(values[order]", STAT),
    Mutant(STATISTICS, "rounded = np.round(scores, DIGITS)", "rounded = scores", STAT),
    Mutant("leaderboard/tables/standings.py", '(out["low"] > 1)', '(out["score"] > 1)', STAT),
    # statistics
    Mutant(
        "leaderboard/tables/standings.py",
        "[root, *name.encode()]",
        "[root]",
        f"{STAT}::test_models_are_resampled_independently",
    ),
    Mutant(STATISTICS, "np.minimum(low, own), np.maximum(high, own)", "low, high", f"{STAT}::test_rank_intervals_by_hand"),
    Mutant(STATISTICS, "- counts + 1)[of]", "+ 1)[of]", f"{STAT}::test_signed_rank_against_all_signs"),
    Mutant(STATISTICS, "& (found != 0)]", "]", f"{STAT}::test_signed_rank_by_hand"),
    Mutant(STATISTICS, "[~np.isnan(found) & (found != 0)]", "[found != 0]", f"{STAT}::test_signed_rank_by_hand"),
    Mutant(
        FRAME,
        'np.where(np.isnan(shares), np.where(runs["status"] == "done", np.nan, lost), shares >= SOLVED)',
        "(shares >= SOLVED).astype(float)",
        f"{T}::test_what_was_not_measured_is_not_unsolved",
    ),
    Mutant(
        FRAME,
        "lost = 0.0 if len(found) else np.nan",
        "lost = 0.0",
        f"{T}::test_what_was_not_measured_is_not_unsolved",
    ),
    Mutant(
        "leaderboard/tables/protocols.py",
        'digest(record["protocol"]["settings"], 8)',
        'record["protocol"]["hash"]',
        f"{PROTOCOLS}::test_a_group_is_of_equal_settings_whatever_hash_a_record_states",
    ),
    Mutant(
        "leaderboard/analysis/audit.py",
        ' or kept["version"] != task.version',
        "",
        f"{C}::test_audits_are_kept_of_the_ladder_and_of_no_other_task_or_version",
    ),
    Mutant(
        "leaderboard/cli/catalogue.py",
        " * (room >= 0 or not kept)",
        "",
        f"{C}::test_names_of_tasks_are_whole_on_any_terminal",
    ),
    Mutant(
        "leaderboard/site/panels.py",
        ' and said["version"] == task.version',
        "",
        f"{SITE}::test_panels_only_of_what_this_version_has",
    ),
    Mutant(
        "leaderboard/tables/protocols.py",
        "if len(some) > 1}",
        "if False}",
        f"{PROTOCOLS}::test_versions_are_rows_and_columns_where_the_folder_holds_several",
    ),
    Mutant(
        FRAME,
        '", ".join(filter(None, [label, recipe])) + whose',
        "label + whose",
        f"{PROTOCOLS}::test_a_recipe_is_a_row_of_its_own",
    ),
    Mutant(
        CELLS,
        'pairs[[*ORIGIN, "parameters"]].nunique() > 1',
        "pairs[ORIGIN].nunique() > 1",
        f"{PROTOCOLS}::test_runs_of_a_cell_that_differ_have_a_footnote",
    ),
    Mutant(
        "leaderboard/tables/views.py",
        'place["ranked"] & (score > 0)',
        'place["ranked"]',
        f"{T}::test_only_ranked_rows_above_chance_are_efficient",
    ),
    Mutant(
        "leaderboard/tables/numbers.py",
        "floor(round(100 * cell.low, 6)) / 100",
        "floor(100 * cell.low) / 100",
        f"{T}::test_interval_is_rounded_outwards",
    ),
    Mutant(
        "leaderboard/tables/text.py",
        ".rename(columns=quoted)",
        "",
        f"{T}::test_no_cell_of_a_csv_begins_as_a_formula_nor_does_its_header",
    ),
    Mutant(
        "leaderboard/tables/text.py",
        "max_width=names + 1",
        "no_wrap=True, max_width=99",
        f"{T}::test_terminal_folds_long_names_and_loses_no_number",
    ),
    Mutant(
        "leaderboard/store/schema.py",
        " or len(rows) < len(scores)",
        "",
        "tests/leaderboard/store/test_record.py::test_what_is_wrong_with_a_score_is_named",
    ),
    # submissions
    Mutant("leaderboard/submissions/tensors.py", "if start != before:", "if start < before:", HOSTILE),
    Mutant("leaderboard/submissions/strict.py", "if len(found) < len(pairs):", "if False:", HOSTILE),
    Mutant("leaderboard/submissions/folder.py", "os.lstat(folder / path)", "os.stat(folder / path)", HOSTILE),
    Mutant(
        "leaderboard/submissions/check.py",
        "                    _once(path, state, trained)\n",
        "",
        HOSTILE,
    ),
    Mutant(
        "leaderboard/submissions/folder.py",
        "os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_NONBLOCK",
        f"{V}::test_what_was_replaced_since_it_was_listed_is_refused",
    ),
    Mutant("leaderboard/submissions/values.py", "(?i:xn--)", "xn--", HOSTILE),
    Mutant(
        "leaderboard/submissions/retrain.py",
        "    return again\n",
        "    return found\n",
        f"{V}::test_scores_after_training_again_agree_within_a_tolerance_and_are_those_that_count",
    ),
    Mutant(
        "leaderboard/submissions/verify.py",
        ', "badge": badge}',
        "}",
        f"{V}::test_a_retrained_submission_has_the_scores_of_our_nets_and_others_stay_verified",
    ),
    Mutant(
        "leaderboard/submissions/verify.py",
        'alike(str(other["name"]), name)',
        'str(other["name"]) == name',
        f"{V}::test_a_retrained_submission_has_the_scores_of_our_nets_and_others_stay_verified",
    ),
    Mutant(
        "leaderboard/submissions/verify.py",
        "errors * sqrt(p * (1 - p))",
        "errors",
        f"{V}::test_claims_differ_by_rounding_on_public_words_and_by_sampling_on_others",
    ),
    Mutant(
        FRAME,
        'df["depth_of"] == df["length"]',
        'df["length"] > 0',
        f"{T}::test_words_at_other_depths_are_no_scores_of_their_length",
    ),
    Mutant(
        FRAME,
        "still & (factor > 1)",
        "still & (factor > 9)",
        f"{T}::test_a_task_of_constant_depth_is_marked_and_left_out_beyond_the_training_length",
    ),
    Mutant("leaderboard/submissions/pack.py", "!= {words}", "== {0}", PACK),
    Mutant("leaderboard/submissions/pack.py", "if runs.keys() != set(SEEDS)", "if False", PACK),
    Mutant("leaderboard/submissions/pack.py", '== ("trained", length)]', "!= 0]", PACK),
    Mutant("leaderboard/submissions/check.py", '"width": width, "hidden": hidden', "", PACK),
    Mutant(
        "leaderboard/submissions/check.py",
        "for robust in (False, True):",
        "for robust in (False,):",
        f"{V}::test_reference_weights_are_recognised",
    ),
    Mutant(
        "leaderboard/submissions/rescore.py",
        "permuted[order] = net(tokens[order], depth)",
        "permuted[order] = logits[order]",
        V,
    ),
    Mutant(
        "leaderboard/submissions/confine.py",
        "(resource.RLIMIT_FSIZE, 0)",
        "(resource.RLIMIT_FSIZE, 1)",
        f"{V}::test_the_process_writes_no_file",
    ),
    Mutant(
        "leaderboard/submissions/evaluate.py",
        "if part != home and home not in part.parents",
        "if part != home",
        f"{V}::test_nothing_in_the_folder_is_imported",
    ),
    # store
    Mutant(COMPACT, "if _bytes(parts.whole(part)) != _bytes(new):", "if False:", COMPACTED),
    Mutant(
        COMPACT,
        "    held = {path: part for",
        "    for path in found:\n        path.unlink()\n    held = {path: part for",
        f"{COMPACTED}::test_a_kill_at_any_moment_loses_nothing",
    ),
    Mutant("leaderboard/store/record.py", "return parts.holding(folder, id) is not None", "return False", COMPACTED),
    Mutant(
        "leaderboard/store/record.py",
        "            fcntl.flock(lock, fcntl.LOCK_EX)\n",
        "",
        f"{STORE}::test_of_eight_writers_of_other_results_one_wins_with_its_own_weights",
    ),
    Mutant(
        "leaderboard/store/record.py",
        ' - {"cost"}',
        ' - {"cost", "files"}',
        f"{STORE}::test_again_is_a_no_op_and_other_weights_are_a_conflict",
    ),
    Mutant(
        "leaderboard/store/atomic.py",
        "        temporary.unlink(missing_ok=True)  # of",
        "        pass  # of",
        f"{STORE}::test_killed_at_every_file_that_it_touches_a_sweep_ends_the_same",
    ),
    Mutant(
        "leaderboard/store/weights.py",
        'hashlib.sha256(data).hexdigest() != described["sha256"]',
        "False",
        f"{STORE}::test_lost_weights_are_named_and_the_scores_hold",
    ),
    Mutant(
        "leaderboard/store/checkpoint.py",
        "weights_only=True)",
        "weights_only=False)",
        f"{STORE}::test_a_checkpoint_is_data_and_never_code",
    ),
    Mutant(
        "models/training/learner.py",
        '            net.generator.set_state(resumed["generator"])\n',
        "",
        f"{STORE}::test_a_resumed_run_is_bit_for_bit_an_uninterrupted_one",
    ),
    Mutant(
        "leaderboard/running/fit.py",
        'seeded("train", task.label, cfg.seed, step)',
        'seeded("train", task.label, cfg.seed, step - left.start)',
        f"{STORE}::test_a_resumed_run_is_bit_for_bit_an_uninterrupted_one",
    ),
    Mutant("leaderboard/running/run.py", "    prepare(folder)\n", "", f"{STORE}::test_a_read_only_folder_is_one_line_of_train"),
    # page
    Mutant(
        "leaderboard/site/sheets.py",
        'found.groupby("task")["reference"].max()',
        'found.groupby("task")["reference"].min()',
        f"{SITE}::test_bar_of_the_ladder_goes_to_the_best_reference_of_the_task_whoever_has_it",
    ),
    Mutant(
        "leaderboard/site/figures.py",
        "// STEPS)], curve[-1]]",
        "// STEPS)], curve[0]]",
        f"{SITE}::test_a_long_learning_curve_is_thinned_and_the_page_says_so",
    ),
    Mutant(
        "leaderboard/site/page.py",
        "CLEAR = 50_000",
        "CLEAR = 10**9",
        f"{SITE}::test_thousands_of_runs_fit_and_numbers_and_reasons_stand_in_clear",
    ),
    Mutant(
        "leaderboard/site/page.css",
        ".heat thead { position: sticky;",
        ".heat thead { position: static;",
        f"{SITE}::test_a_large_page_in_chromium_with_and_without_its_script",
    ),
    Mutant(
        "leaderboard/store/record.py",
        "if found != json.loads(text):",
        "if False:",
        "tests/leaderboard/store/test_record.py::test_what_readers_of_json_disagree_on_is_not_written",
    ),
    Mutant(
        "leaderboard/site/page.py",
        "autoescape=True,",
        "autoescape=False,",
        f"{SITE}::test_hostile_names_are_text_and_links_are_http_only",
    ),
    Mutant(
        "leaderboard/site/page.py",
        '"default-src": "\'none\'"',
        '"default-src": "*"',
        f"{SITE}::test_policy_allows_what_the_page_brings_and_nothing_else",
    ),
    Mutant(
        "leaderboard/site/page.py",
        'records = sorted(group.records, key=lambda record: record["id"])',
        "records = list(group.records)",
        f"{SITE}::test_same_bytes_whatever_the_order_of_the_records",
    ),
    Mutant(
        "leaderboard/site/panels.py",
        '"safe": link.startswith(("https://", "http://")),',
        '"safe": bool(link),',
        f"{SITE}::test_hostile_names_are_text_and_links_are_http_only",
    ),
    Mutant(
        "leaderboard/site/sheets.py",
        "round(LEVELS * float(np.clip(value, 0, 1)))",
        "int(LEVELS * abs(1 - value))",
        f"{SITE}::test_cell_by_hand",
    ),
    Mutant(
        "leaderboard/site/figures.py",
        'means["trained"] / means["reference"]',
        'means["reference"] / means["trained"]',
        f"{SITE}::test_curve_ratio_by_hand",
    ),
    Mutant(
        "leaderboard/site/page.js", "isNaN(x) - isNaN(y)", "isNaN(y) - isNaN(x)", f"{SITE}::test_sort_by_click_and_by_keyboard"
    ),  # needs Chromium
    # solvers, robust references
    Mutant(
        ADAPTIVE,
        "return error.abs().max()",
        "return error.square().mean().sqrt()",
        f"{F}::test_a_word_is_solved_alike_alone_and_among_many_at_rest",
    ),
    Mutant(
        "models/clock_ode.py",
        "span: ClassVar[int] = 1",
        "span: ClassVar[int | None] = None",
        "tests/models/test_clock.py::test_gradients_of_the_adjoint_are_those_through_the_solver",
    ),
    Mutant(
        "models/clock_ode.py",
        "ranged(FINEST, 1e-6, 1)",
        "ranged(1.0, 1e-6, 1)",
        f"{D}::test_a_few_steps_lower_the_loss_of_a_deep_net",
    ),
    Mutant(
        NET,
        "self.states(tokens, depth, points=0)",
        "self.states(tokens, depth)",
        f"{D}::test_with_the_adjoint_equation_memory_does_not_grow_with_depth",
    ),
    Mutant(
        ODE,
        "self._path(x, layers, numbers, points=0)",
        "self._path(x, layers, range(len(numbers)), points=0)",
        f"{D}::test_gradients_are_those_of_autograd",
    ),
    Mutant(
        "models/plain.py",
        'if self.initial == "identity":',
        'if self.initial == "he":',
        f"{D}::test_a_plain_net_has_a_gradient_at_depth_only_if_it_starts_as_the_identity",
    ),
    Mutant(
        "leaderboard/running/measure.py",
        "net.realise(task.program(), robust)",
        "net.realise(task.program())",
        "tests/models/test_robust.py::test_a_run_realises_the_reference_that_corrects_noise_and_records_its_radius",
    ),
    Mutant(
        SCORE,
        "if isinstance(net.architecture, Continuous) and not logits",
        "if False and not logits",
        f"{G}::test_a_solution_that_overflows_in_scoring_says_where_whatever_the_solver",
    ),
    Mutant(
        "leaderboard/analysis/spacetime.py",
        "    ax.yaxis.set_major_locator(MaxNLocator(integer=True))\n",
        "",
        "tests/leaderboard/analysis/test_show.py::test_layers_are_numbered_by_whole_numbers",
    ),
    # bits, rounds
    Mutant("tasks/words/bits.py", "b * c + (middle & _LOW)", "b * c", "tests/tasks/test_bits.py::test_integers_by_hand"),
    Mutant(
        "tasks/words/split.py",
        "_digest(domain, *key)[:16]",
        "_digest(domain, *key)[:8]",
        "tests/tasks/test_bits.py::test_seeds_have_128_bits",
    ),
    Mutant(
        "tasks/dyck.py",
        "chance = generator.uniform((length, count))",
        "chance = generator.uniform((count, length)).mT",
        "tests/tasks/test_golden.py::test_words_targets_and_rules_are_the_golden_ones[dyck]",
    ),
    Mutant(
        "leaderboard/submissions/merkle.py",
        "1 << (len(leaves) - 1).bit_length() - 1",
        "len(leaves) // 2",
        f"{ROUNDS}::test_merkle_roots_of_the_logs_of_certificates",
    ),
    Mutant(
        "leaderboard/submissions/binding.py",
        'canonical("seed", round["root"], round["value"]',
        'canonical("seed", round["value"]',
        f"{ROUNDS}::test_seeds_are_others_with_every_other_submission",
    ),
    Mutant(
        "leaderboard/submissions/rounds.py",
        "os.O_EXCL, 0o600",
        "os.O_EXCL, 0o644",
        f"{ROUNDS}::test_an_open_round_shows_no_key",
    ),
    Mutant(
        "leaderboard/submissions/rounds.py",
        'alike(other["name"], one.description.name)',
        'other["name"] == one.description.name',
        f"{ROUNDS}::test_submissions_that_cannot_be_taken",
    ),
    Mutant(
        "models/training/learner.py",
        "for step, loss in self.progress.loss:",
        "for step, loss in self.progress.loss[1:]:",
        f"{STORE}::test_a_resumed_run_is_bit_for_bit_an_uninterrupted_one",
    ),
    Mutant(
        "leaderboard/submissions/rounds.py",
        '_agree(path, round, "data", binding.data(round))',
        "pass",
        f"{ROUNDS}::test_tampering_with_any_key_is_found",
    ),
    Mutant(
        "leaderboard/submissions/rounds.py",
        '    _waited(path, round, round["value"])\n',
        "",
        f"{ROUNDS}::test_tampering_with_any_key_is_found",
    ),
    Mutant(
        "leaderboard/submissions/rescore.py",
        "scores(net, task, n, count, length, deeper, seed)",
        "scores(net, task, n, count, length, deeper)",
        f"{ROUNDS}::test_the_example_goes_through_a_round",
    ),
    Mutant(
        "leaderboard/store/schema.py",
        " or not _within(rows)",
        "",
        "tests/leaderboard/store/test_record.py::test_every_number_has_a_range_and_what_is_beyond_is_named",
    ),
    Mutant(
        "leaderboard/store/schema.py",
        "not len(lengths) == len(factors) == len({(length, factor) for _, length, factor, _ in places})",
        "len(lengths) != len(factors)",
        "tests/leaderboard/store/test_record.py::test_to_every_length_belongs_one_factor",
    ),
    Mutant(
        "leaderboard/store/schema.py",
        "        _check_open(part.values())\n",
        "        pass\n",
        "tests/leaderboard/store/test_record.py::test_every_number_has_a_range_and_what_is_beyond_is_named",
    ),
    Mutant(
        "leaderboard/store/mirror.py",
        ' and ("trained", unit, length) in found',
        "",
        f"{STORE}::test_wandb_is_shown_summary_and_table",
    ),
    Mutant(
        "leaderboard/submissions/likeness.py",
        "by_cell[where] -= by_cell[where].mean(0)",
        "pass",
        f"{V}::test_honest_seeds_are_far_apart_and_disguises_of_one_are_not",
    ),
    Mutant(
        "leaderboard/submissions/likeness.py",
        "centred = logits - logits.mean(1, keepdim=True)",
        "centred = logits",
        f"{V}::test_honest_seeds_are_far_apart_and_disguises_of_one_are_not",
    ),
    Mutant(
        "leaderboard/submissions/likeness.py",
        "by_cell.flatten() / by_cell.norm() if",
        "by_cell.flatten() if",
        f"{V}::test_honest_seeds_are_far_apart_and_disguises_of_one_are_not",
    ),
    Mutant(
        "leaderboard/submissions/likeness.py",
        "if by_cell.norm() > LEAST * size else None",
        "",
        f"{V}::test_what_answers_by_its_symbol_alone_is_like_nothing",
    ),
    Mutant(
        "leaderboard/submissions/rescore.py",
        "seen |= {} if alike else {path: own}",
        "pass",
        f"{V}::test_a_disguised_reference_is_constructive_and_one_net_is_not_two",
    ),
    Mutant(
        "leaderboard/submissions/verify.py",
        "        _different(submission, task, found)\n",
        "",
        f"{V}::test_a_disguised_reference_is_constructive_and_one_net_is_not_two",
    ),
    Mutant(
        "leaderboard/submissions/verify.py",
        "@terminable()\n",
        "",
        f"{V}::test_a_verify_that_is_stopped_leaves_neither_folder_nor_process",
    ),
    Mutant(
        "models/momentum_resnet.py",
        "ranged(0.9, 0, LARGEST)",
        "ranged(0.9, 0, 1)",
        "tests/models/test_architectures.py::test_bad_settings_are_refused",
    ),
    Mutant(
        "leaderboard/analysis/shortcuts.py",
        "testing=False",
        "testing=True",
        "tests/leaderboard/analysis/test_shortcuts.py::test_no_test_word_is_fitted",
    ),
    Mutant(
        "leaderboard/analysis/shortcuts.py",
        "votes * classes - torch",
        "votes * classes + torch",
        "tests/leaderboard/analysis/test_shortcuts.py::test_of_equally_frequent_answers_the_least_is_taken",
    ),
    Mutant(
        "leaderboard/analysis/shortcuts.py",
        "otherwise=guess",
        "otherwise=guess * 0",
        "tests/leaderboard/analysis/test_shortcuts.py::test_a_feature_that_was_not_seen_is_answered_by_a_coarser_one",
    ),
    Mutant(
        "leaderboard/analysis/shortcuts.py",
        "value=task.alphabet)",
        "value=0)",
        "tests/leaderboard/analysis/test_shortcuts.py::test_ends_of_the_word_are_seen_in_a_window",
    ),
    Mutant(
        ARCHITECTURE,
        "EVALUATIONS // self.calls)",
        "EVALUATIONS // self.blocks)",
        f"{PACE}::test_equal_evaluations_are_four_a_step",
    ),
    Mutant(NET, "self.pace * depth, self", "depth, self", f"{PACE}::test_the_closed_form_on_a_linear_field"),
    Mutant(NET, "if self.pace > 1 and not reference", "if not reference", f"{PACE}::test_a_rewriting_program_need_not_rest"),
    Mutant(
        NET,
        "self.layers and self.pace * depth",
        "self.layers and depth",
        f"{PACE}::test_untied_layers_are_as_many_as_all_steps_take",
    ),
    Mutant("models/__init__.py", "pace or chosen.pace", "pace or 1", f"{PACE}::test_equal_evaluations_are_four_a_step"),
    Mutant(
        LEARNER,
        ", self.net.pace * depth\n",
        ", depth\n",
        f"{PACE}::test_the_steady_term_looks_at_the_layers_after_the_last_step",
    ),
    Mutant(
        "leaderboard/running/failure.py",
        "    net.pace = 1 ",
        "    net.pace = 2 ",
        f"{PACE}::test_the_layer_that_breaks_is_found_among_all_layers",
    ),
    Mutant(
        "leaderboard/analysis/diagnostics.py",
        "for k in range(every.depth)",
        "for k in range(depth)",
        f"{PACE}::test_a_net_at_a_pace_is_looked_at_as_the_net_that_it_is",
    ),
    Mutant(BLOCKS, "else hidden + self.recalled", "else hidden - self.recalled", f"{RECALL}::test_a_block_by_hand"),
    Mutant(BLOCKS, 'if name != "R"}', "}", f"{RECALL}::test_gradients_by_the_adjoint_equation"),
    Mutant(
        BLOCKS,
        "block = copy.copy(self)\n",
        "block = self\n",
        f"{RECALL}::test_other_words_in_between_do_not_change_the_gradients_of_these",
    ),
    Mutant(
        AGAIN,
        "named_buffers() if b.requires_grad}",
        "named_buffers() if not b.is_floating_point()}",
        f"{RECALL}::test_gradients_are_those_of_autograd_whatever_is_kept",
    ),
    Mutant(
        LEARNER,
        "randint(most.depth // 2, most.depth + 1,",
        "randint(most.depth // 2, most.depth,",
        f"{LATER}::test_how_many_layers_are_drawn",
    ),
    Mutant(
        LEARNER,
        "through(state, layers, range(n, t))",
        "through(state, layers, range(n, t - (t > 1)))",
        f"{LATER}::test_the_loss_and_its_gradient_by_hand_on_a_linear_field",
    ),
    Mutant(
        LEARNER,
        "            with torch.no_grad():\n                state",
        "            with torch.enable_grad():\n                state",
        f"{LATER}::test_how_many_layers_are_drawn",
    ),
    Mutant(
        LEARNER, "tuple(part.detach() for part in state)", "tuple(state)", f"{LATER}::test_every_layered_architecture_learns_so"
    ),
    Mutant(
        LEARNER,
        "loss = (1 - self.progressive) * loss",
        "loss = loss",
        f"{LATER}::test_the_loss_and_its_gradient_by_hand_on_a_linear_field",
    ),
    Mutant(RUNNING_MEMORY, "2 * progressive)", "progressive)", f"{LATER}::test_what_is_planned_is_what_autograd_keeps"),
    Mutant(RUNNING_MEMORY, "(1 + steady +", "(1 +", f"{LATER}::test_what_is_planned_is_what_autograd_keeps"),
    Mutant(
        RUNNING_MEMORY, "max(deepest, 2 * task", "max(deepest, task", f"{LATER}::test_evaluations_are_those_of_the_longest_pass"
    ),
    # claims
    Mutant(
        f"{CLAIMS}/claim.py",
        "for check in checks if check.rule != ANY]",
        "for check in checks]",
        f"{CLAIMED}::test_a_verdict_is_decided_by_rules_alone",
    ),
    Mutant(f"{CLAIMS}/claim.py", "self.low <= value <= self.high", "self.low <= value", f"{CLAIMED}::test_bounds"),
    Mutant(
        f"{CLAIMS}/run.py",
        "if not reason and refused != FAILS:",
        "if not reason and not refused:",
        f"{CLAIMED}::test_a_rule_that_also_accepts_the_counterfeit_decides_nothing",
    ),
    Mutant(
        f"{CLAIMS}/record.py",
        "(claim.name, claim.version, settings)",
        "(claim.name, record['version'], settings)",
        f"{CLAIMED}::test_a_record_comes_back_and_is_used_again_for_the_same_claim_only",
    ),
    Mutant(
        f"{CLAIMS}/drawing.py",
        "autoescape=True",
        "autoescape=False",
        f"{CLAIMED}::test_what_a_record_or_a_claim_says_is_text_not_markup",
    ),
    Mutant(
        f"{CLAIMS}/momentum_rings.py",
        "at_least(0.1)",
        "at_least(-1)",
        f"{CLAIMED}::test_a_rule_refuses_the_rows_of_its_counterfeit",
    ),
    Mutant(
        f"{CLAIMS}/sonode.py",
        "replace(self, order=1, seeds=1)",
        "replace(self, seeds=1)",
        f"{CLAIMED}::test_a_rule_refuses_the_rows_of_its_counterfeit",
    ),
    Mutant(
        f"{CLAIMS}/points.py",
        "x.new_zeros(len(x), channels, 1)",
        "x.new_ones(len(x), channels, 1)",
        f"{POINTS}::test_augmented_channels_begin_at_0_and_the_dense_branch_is_its_formula",
    ),
    Mutant(
        f"{CLAIMS}/revnet_memory.py",
        "if storage.data_ptr() not in parameters:",
        "if storage.data_ptr():",
        f"{POINTS}::test_kept_bytes_of_a_chain_are_one_state_a_step_without_the_parameters",
    ),
    Mutant(
        f"{CLAIMS}/parity_gradients.py",
        "[zero + one, zero - one]",
        "[zero - one, zero + one]",
        f"{POINTS}::test_the_fast_transform_is_the_sum_over_words",
    ),
    Mutant(
        f"{CLAIMS}/shattered_gradients.py",
        'branch if kind == "plain" else h',
        "h",
        f"{POINTS}::test_correlations_of_gradients_are_those_of_the_theory_after_one_layer",
    ),
    Mutant(
        f"{CLAIMS}/settling_predicts_the_gap.py",
        "rank - (len(some) + 1) / 2",
        "rank",
        f"{POINTS}::test_ranks_are_taken_within_tasks",
    ),
    Mutant(PLAN, "if (match := SEED.fullmatch(text))]", "if (match := SEED.match(text))]", f"{PLANS}::test_seeds_of_a_cell"),
    Mutant(PLAN, "                cfg.seed = seed\n", "                pass\n", PLANS),
    Mutant(
        PLAN, "if not exists(self.folder, id)}", "if True}", f"{PLANS}::test_what_is_done_is_left_out_and_not_composed_again"
    ),
    Mutant(PLAN, 'if before["of"] == self.of else {}', "", f"{PLANS}::test_what_was_known_is_forgotten_if_a_source_changes"),
    Mutant(PLAN, " + path.read_bytes())", ")", f"{PLANS}::test_sources_are_all_files_on_which_an_identifier_depends"),
    Mutant(PLAN, "            if not seen.issuperset(rest):", "            if not seen:", PLANS),
    Mutant(PIECES, "return self._cut(new, 1)", "return self._cut(new, 2)", PLANS),
    Mutant(PIECES, "max(1, min(fitting, fair))", "max(1, fitting)", PLANS),
    Mutant(PIECES, "if id not in ended}", "if id in ended}", f"{PLANS}::test_what_is_left_of_a_piece_is_sent_next"),
    Mutant(PIECES, "return bool(self.back or self.open)", "return bool(self.open)", PLANS),
    Mutant(WORKER, "if _marked(marks) > piece.tries:", "if _marked(marks) > piece.tries + 1:", WORKERS),
    Mutant(WORKER, "            marks.unlink(missing_ok=True)", "            pass", WORKERS),
    Mutant(WORKER, "        if LEAVING.is_set():", "        if False:", WORKERS),
    Mutant(
        WORKER,
        "        except OSError as error:\n            yield",
        "        except EOFError as error:\n            yield",
        WORKERS,
    ),
    Mutant(LEARNER, "if self.every and (leaves or", "if self.every and (", WORKERS),
    Mutant(LEARNER, "self.trainer.should_stop = True", "pass", WORKERS),
    Mutant(CLUSTERS, '"python": f"exec {', '"python": f"{', f"{CHOICES}::test_a_job_asks_for_what_is_set"),
    Mutant(
        CLUSTERS, "settings.seconds - int(settings.lead)", "settings.seconds", f"{CHOICES}::test_a_job_asks_for_what_is_set"
    ),
    Mutant(
        "leaderboard/cluster/settings.py",
        "if queued and settings.seconds <= settings.lead:",
        "if queued and not settings.seconds:",
        f"{CHOICES}::test_what_cannot_be_used_is_one_line",
    ),
    Mutant("leaderboard/cluster/sweep.py", "bool(self.flying) or self.pieces.left()", "bool(self.flying)", LOCALLY),
    Mutant("leaderboard/cluster/sweep.py", "if workers.dismiss(address):", "if not workers.dismissed.add(address):", SENT_AWAY),
    Mutant("leaderboard/cluster/clusters.py", "new = address not in self.dismissed", "new = True", SENT_AWAY),
    Mutant("leaderboard/cluster/clusters.py", "        if address not in self.names:", "        if not self.names:", SENT_AWAY),
    Mutant("leaderboard/cluster/clusters.py", " if address not in self.dismissed}", "}", SENT_AWAY),
    Mutant("leaderboard/store/lines.py", "parts.setdefault(orjson.dumps(common), common)", "common", PUBLISHED),
    Mutant("leaderboard/store/lines.py", 'common["config"] | seed', 'common["config"]', PUBLISHED),
    Mutant("leaderboard/running/block.py", "first = cfg.seed - cfg.seed % cfg.together", "first = cfg.seed", TRAINED_AT_ONCE),
    Mutant(
        "leaderboard/running/block.py", "            net.generator.set_state(generator)", "            pass", TRAINED_AT_ONCE
    ),
    Mutant("leaderboard/running/block.py", '        self.made.learner.done = state["step"]\n', "", TRAINED_AT_ONCE),
    Mutant("leaderboard/running/run.py", '    if resolved["together"] == 1:', "    if False:", TRAINED_AT_ONCE),
    Mutant("leaderboard/running/run.py", '"device", "together")', '"device")', TRAINED_AT_ONCE),
    Mutant("leaderboard/cluster/pieces.py", "if seed // size == first", "if True", TRAINED_AT_ONCE),
    Mutant(
        "models/training/together.py",
        "parameter.copy_(self.weights[name][k])",
        "parameter.copy_(self.weights[name][0])",
        BLOCKS,
    ),
    Mutant(CLUSTERS, '"MALLOC_TRIM_THRESHOLD_": None, ', "", CHOICES),
    Mutant(CLUSTERS, "shlex.quote(str(value))", "value", CHOICES),
    Mutant(WORKER, "if lost or _marked(marks)", "if _marked(marks)", TRAINED_AT_ONCE),
    Mutant("models/transformer.py", "q @ k.mT * q.shape[3] ** -0.5", "q @ k.mT", "tests/models/test_transformer.py"),
    Mutant(
        "models/transformer.py",
        "distance = places - places[:, None]",
        "distance = places[:, None] - places",
        "tests/models/test_transformer.py",
    ),
    Mutant("models/transformer.py", ".softmax(-1)[..., :-1]", "[..., :-1].softmax(-1)", "tests/models/test_transformer.py"),
    Mutant("models/transformer.py", "return y + M(y), *places", "return y + M(x), *places", CLOSED),
    Mutant("models/transformer.py", "[:cells].sort().values", "[:cells]", "tests/models/test_transformer.py"),
    Mutant("models/transformer.py", "beside=2.0", "beside=1.0", "tests/models/test_robust.py"),
    Mutant(
        "models/neural_gpu.py", "torch.tanh(candidate(r * x))", "torch.tanh(candidate(x))", "tests/models/test_neural_gpu.py"
    ),
    Mutant("models/neural_gpu.py", "x = u * x + (1 - u)", "x = (1 - u) * x + u", "tests/models/test_neural_gpu.py"),
    Mutant("models/neural_gpu.py", "(self.cutoff - 1) / 2", "(self.cutoff - 1)", "tests/models/test_neural_gpu.py"),
    Mutant("models/neural_gpu.py", "(0.5 - FLAT / GAIN) / max", "(0.75 - FLAT / GAIN) / max", "tests/models/test_robust.py"),
    Mutant("leaderboard/analysis/gradients.py", "target.gather(0, to)", "target.gather(0, to.flip(0))", G),
    Mutant(
        "leaderboard/store/published.py",
        "if len(found) >= MOST * most[task]}",
        "if len(found) >= 0}",
        "tests/leaderboard/store/test_published.py",
    ),
    Mutant(TAPE, "rule.where(FOLD(0)), 0, state(1 - side)", "rule.where(FOLD(0)), 0, state(side)", TWO_WAY),
    Mutant(TAPE, "[old.where(right(a), left(now))", "[old.where(right(a), left(b))", TWO_WAY),
    Mutant(TURING, "torch.maximum(place, -1 - place)", "torch.maximum(place, -place)", TWO_WAY),
    Mutant("tasks/formats/beaver.py", 'OPEN = ("1", "R", "H")', 'OPEN = ("0", "R", "H")', FORMATS),
    Mutant("tasks/formats/columns.py", 'product((state, "*"), (symbol, "*"))', 'product((state,), (symbol, "*"))', FORMATS),
    Mutant("tasks/formats/__init__.py", "if named[2] != digest(now):", "if False:", FORMATS),
    Mutant("leaderboard/running/run.py", 'resolved["task"] |= task.parameters', "pass", FORMATS),
    Mutant("tasks/formats/pushdown.py", 'ends |= {(state, "*"): "accept keep" for state in drawn.final}', "pass", JFLAP),
    Mutant("tasks/formats/xml.py", "parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse", "pass", JFLAP),
    Mutant("tasks/programs/automata.py", "found += [after for", "found = [after for", JFLAP),
    Mutant("tasks/discover.py", 'if not (f.metadata.get("later")', 'if not (f.metadata.get("never")', AUTOMATA),
    Mutant("tasks/tag.py", "tail + sizes[read] > head + deletion + room", "tail + sizes[read] >= head + deletion + room", ROOM),
    Mutant("tasks/tag.py", "queue[0] >= self._running", "queue[0] > self._running", ROOM),
    Mutant("tasks/group.py", "* len(rest) + torch.kron", "* len(first) + torch.kron", SWEEPS),
    Mutant(MACHINES, "when(signal(0), counter(1), LAST).write(lost(0))", "when(signal(0), LAST).write(lost(0))", OVERFLOW),
    Mutant(
        "tasks/plugins.py",
        "    if len(found) > 1:\n",
        "    if len(found) > 2:\n",
        "tests/tasks/test_plugins.py::test_what_has_the_name_of_ours_is_refused_and_so_is_ours",
    ),
    Mutant(
        "tasks/plugins.py",
        "return [name for name in names if file_of(package, name) is None]",
        "return [name for name in names if file_of(package, name) is not None]",
        "tests/tasks/test_plugins.py::test_a_task_is_found_where_it_is_plugged_in",
    ),
    Mutant(
        "leaderboard/analysis/units.py",
        "at=names[c].at + at, holds=u > 0",
        "at=names[c].at - at, holds=u > 0",
        "tests/leaderboard/analysis/test_explain.py::test_a_rule_reads_as_it_is_written",
    ),
    Mutant(
        "leaderboard/analysis/units.py",
        "abs(positive + self.bias - 1) < EXACT",
        "abs(positive + self.bias - 1) < 1",
        "tests/leaderboard/analysis/test_explain.py::test_what_is_no_rule_is_a_sum",
    ),
    Mutant(
        "leaderboard/analysis/departure.py",
        "wrong = apart & (trained.values[-1] != reference.values[-1])",
        "wrong = apart & (trained.values[-1] == reference.values[-1])",
        "tests/leaderboard/analysis/test_explain.py::test_a_departure_that_is_made_good_is_told_from_one_that_stays",
    ),
    Mutant(
        "leaderboard/waiting.py",
        "left(shown - started, done, total - done)",
        "left(shown - started, done, total)",
        "tests/leaderboard/test_waiting.py::test_the_line_is_written_over_and_gone_in_the_end",
    ),
]
