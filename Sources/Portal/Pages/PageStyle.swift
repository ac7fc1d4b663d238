/// The one stylesheet of all pages; inlined, and allowed in the Content-Security-Policy by its hash.
enum PageStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --paper: #f5f4f0; --card: #ffffff; --ink: #1d2524; --soft: #59635f; --line: #e2dfd6;
          --accent: #1c6357; --on-accent: #ffffff; --tint: #e9f1ee; --bad: #a8322a; --bad-tint: #fbeeec;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #121617; --card: #1a2021; --ink: #e9edeb; --soft: #a1aca8; --line: #2d3637;
            --accent: #79cdbb; --on-accent: #0d1a17; --tint: #1d2c29; --bad: #ff9d92; --bad-tint: #33211f;
          }
        }
        *, ::before, ::after { box-sizing: border-box; }
        html { font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        body {
          margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
          background: var(--paper); color: var(--ink);
        }
        .top {
          width: 100%; max-width: 35rem; padding: 1.75rem 1.25rem 0; display: flex; align-items: center; gap: .6rem;
          font-size: .95rem; font-weight: 600; overflow-wrap: anywhere;
        }
        .mark { flex: none; width: 1.5rem; height: 1.5rem; color: var(--accent); }
        main { width: 100%; max-width: 35rem; padding: 1.25rem; }
        .card {
          background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2rem;
          box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 8px 28px rgb(0 0 0 / .05); overflow-wrap: anywhere;
        }
        .over { margin: 0 0 .25rem; font-size: .875rem; color: var(--soft); }
        h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.012em; }
        .card > p { margin: .75rem 0 0; }
        .card > p.over { margin: 0 0 .25rem; }
        .fine { font-size: .875rem; color: var(--soft); }
        .steps ~ .fine { padding-top: .6rem; }
        .bad { border-left: 3px solid var(--bad); background: var(--bad-tint); border-radius: 0 8px 8px 0; }
        .card > p.bad { margin-top: 1rem; padding: .7rem .9rem; }
        .steps { list-style: none; margin: 1.6rem 0 0; padding: 0; }
        .steps li { position: relative; padding: 0 0 1.15rem 2.4rem; color: var(--soft); }
        .steps li:last-child { padding-bottom: 0; }
        .steps li::before {
          content: ""; position: absolute; left: 0; top: .08rem; width: 1.4rem; height: 1.4rem; border-radius: 50%;
          border: 2px solid var(--line); background: var(--card);
        }
        .steps li:not(:last-child)::after {
          content: ""; position: absolute; left: calc(.7rem - 1px); top: 1.66rem; bottom: .1rem; width: 2px;
          background: var(--line);
        }
        .steps .done { color: var(--ink); }
        .steps .done::before { background: var(--accent); border-color: var(--accent); }
        .steps .done:not(:last-child)::after { background: var(--accent); opacity: .45; }
        .steps .done i {
          position: absolute; left: .52rem; top: .38rem; width: .36rem; height: .64rem; transform: rotate(42deg);
          border: solid var(--on-accent); border-width: 0 2px 2px 0;
        }
        .steps .current { color: var(--ink); font-weight: 600; }
        .steps .current::before {
          border-color: var(--accent); border-right-color: var(--line); animation: turn 1.1s linear infinite;
        }
        .steps small { display: block; font-size: .875rem; font-weight: 400; color: var(--soft); }
        @keyframes turn { to { transform: rotate(1turn); } }
        @media (prefers-reduced-motion: reduce) {
          .steps .current::before { animation: none; border-right-color: var(--accent); background: var(--tint); }
        }
        form { margin: 1.6rem 0 0; }
        .button {
          display: inline-block; font: inherit; font-weight: 600; padding: .6rem 1.25rem; border-radius: 9px;
          border: 1px solid transparent; background: var(--accent); color: var(--on-accent); text-decoration: none;
          cursor: pointer;
        }
        .quiet.button { background: transparent; color: var(--ink); border-color: var(--line); }
        .card > p.help { margin-top: 1.2rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .95rem; }
        .help a { color: var(--accent); }
        .button:hover { filter: brightness(1.08); }
        .button:focus-visible, a:focus-visible {
          outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 9px;
        }
        p.act { margin-top: 1.6rem; }
        .wide .top, .wide main { max-width: 56rem; }
        .row {
          display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between;
          margin: 0; padding: .9rem 0; border-top: 1px solid var(--line);
        }
        h1 + .row { margin-top: 1.2rem; }
        .row p { margin: 0; }
        .row small { display: block; font-size: .875rem; color: var(--soft); }
        .all { border-top: 0; padding: .9rem 1.1rem; background: var(--tint); border-radius: 9px; }
        .state { font-size: .8rem; padding: .1rem .5rem; border-radius: 99px; background: var(--tint); }
        .more { font-size: .875rem; color: var(--soft); }
        .small.button { padding: .35rem .75rem; margin-left: .35rem; font-size: .875rem; }
        .good { border-left: 3px solid var(--accent); background: var(--tint); border-radius: 0 8px 8px 0; }
        .card > p.good { margin: 1rem 0; padding: .7rem .9rem; }
        .card > p.bad + .row, .card > p.over ~ p.bad { margin-bottom: 1rem; }
        .hidden {
          position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
        }
        @media (max-width: 30rem) {
          .card { padding: 1.4rem; }
          .top { padding-top: 1.1rem; }
          .button:not(.small) { width: 100%; text-align: center; }
          .small.button { padding: .35rem .6rem; }
          .all { padding: .9rem .8rem; }
        }
        @media (forced-colors: active) { .steps .done::before { background: CanvasText; } }
        """
}
