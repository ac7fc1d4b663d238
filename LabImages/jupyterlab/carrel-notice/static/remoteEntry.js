// A JupyterLab extension written by hand, without a build step: the module container that JupyterLab loads, and one
// plugin.
//
// It gets the lab's status from Carrel, at the lab's own hostname, and shows it in Carrel's words: before an end as one
// of JupyterLab's own notifications, with "Keep it" where that helps, and once the lab is away in a dialog on top of
// everything that JupyterLab itself says about an unreachable server. Reading the status is not activity: an open tab
// keeps no lab alive.
//
// While the tab is visible it follows an event stream (`/.carrel/events?page=notice`). If the stream is refused (a
// person may have only so many) or would take one of HTTP/1.1's few connections, it polls `/.carrel/status` every few
// seconds. A hidden tab polls seldom, and immediately when it becomes visible again.
(() => {
  const ASK_SEEN = 2500, ASK_HIDDEN = 30000; // Milliseconds between two polls.
  const SILENCE = 45000; // A stream sends a heartbeat every 15 s.
  const REFUSED = 60000; // How long a refused stream is not retried.
  const WATCH = 5000; // How often we check whether this machine slept, or the stream is silent.
  const KEEP = 'carrel:keep';

  // What we say ourselves, in English: the status has it in the language of its texts.
  let moments = {
    locale: 'en-GB', clock: '{clock}', clock_one: '{clock}', at_today: 'at {clock}', at_day: 'on {day} at {clock}',
    until_today: 'until {clock}', until_day: 'until {day} {clock}'
  };
  let labels = {
    back: 'Back to the page', progress: 'See how far it is', open: 'Open it',
    again: 'It was started again. This page still shows how it was before.'
  };

  const clock = (piece) => {
    const then = new Date(piece.moment), now = new Date();
    const isToday = then.toDateString() === now.toDateString();
    const isNear = then > now && then - now < 6 * 86400e3;
    const day = then.toLocaleDateString(moments.locale, isNear ? { weekday: 'long' } : { day: 'numeric', month: 'long' });
    const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const oclock = (/^0?1\D/.test(time) ? moments.clock_one : moments.clock).replace('{clock}', time);
    return moments[`${piece.form}_${isToday ? 'today' : 'day'}`].replace('{day}', day).replace('{clock}', oclock);
  };
  const words = (prose) => prose.map((piece) => (typeof piece === 'string' ? piece : clock(piece))).join('');

  // The dialog on top of everything: in the page's top layer, above JupyterLab's own dialogs.
  const cover = (() => {
    let dialog;
    const add = (parent, tag, text, style) => {
      const element = parent.appendChild(document.createElement(tag));
      element.textContent = text;
      element.style.cssText = style;
      return element;
    };
    const button = (parent, label, isMain) =>
      add(parent, 'button', label, 'font:inherit;font-weight:600;padding:.5rem 1.1rem;margin:0 .6rem .4rem 0;' +
        'border-radius:8px;cursor:pointer;border:1px solid ' + (isMain
        ? '#1c6357;background:#1c6357;color:#fff' : '#8a938f;background:transparent;color:inherit'));
    return {
      hide: () => { dialog?.remove(); dialog = undefined; },
      show: (status, act) => {
        dialog?.remove();
        dialog = document.createElement('dialog');
        dialog.id = 'carrel-notice';
        dialog.setAttribute('aria-label', status.heading);
        const isDark = document.body.dataset.jpThemeLight === 'false';
        dialog.style.cssText = 'box-sizing:border-box;width:calc(100% - 2rem);max-width:34rem;padding:1.6rem 1.8rem;border:1px solid #8a938f;border-radius:14px;' +
          'font:15px/1.55 system-ui,sans-serif;box-shadow:0 12px 48px rgb(0 0 0/.35);' +
          (isDark ? 'background:#1a2021;color:#e9edeb' : 'background:#fff;color:#1d2524');
        add(dialog, 'h1', status.heading, 'margin:0 0 .6rem;font-size:1.35rem;line-height:1.25');
        for (const prose of status.paragraphs) add(dialog, 'p', words(prose), 'margin:0 0 .6rem');
        if (status.help) add(dialog, 'p', words(status.help), 'margin:0 0 .6rem;font-size:.93em;opacity:.85');
        const row = add(act?.form ? dialog.appendChild(act.form) : dialog, 'p', '', 'margin:1rem 0 0');
        const main = act && button(row, act.label, true);
        if (act?.run) main.addEventListener('click', act.run);
        // Unsaved work can still be copied out of the page.
        const back = button(row, labels.back, !act);
        back.type = 'button';
        back.addEventListener('click', () => dialog.close());
        document.body.append(dialog);
        dialog.showModal();
      }
    };
  })();

  const plugin = {
    id: 'carrel-notice:plugin',
    autoStart: true,
    activate: (app) => {
      const run = (command, args) => app.commands.execute('apputils:' + command, args);
      let shown, shownText, covered, memoryTold, isGone = false;

      const dismiss = () => {
        if (shown) run('dismiss-notification', { id: shown });
        shown = shownText = undefined;
      };

      const warn = async (status) => {
        const text = status.paragraphs.map(words).join(' ');
        if (shownText === text) return;
        dismiss();
        shownText = text;
        const canKeep = status.action?.path === '/.carrel/keep';
        shown = await run('notify', {
          message: text,
          type: 'warning',
          options: {
            autoClose: false,
            actions: canKeep ? [{ label: status.action.label, commandId: KEEP, displayType: 'accent' }] : []
          }
        });
      };

      // A form with a button of its own for the learner to press: Carrel does not accept a script's request as a
      // person's click. The browser returns to where it was.
      const formOf = (action) => {
        const form = document.createElement('form');
        form.method = 'post';
        form.action = action.path;
        const next = form.appendChild(document.createElement('input'));
        next.type = 'hidden';
        next.name = 'next';
        form.addEventListener('submit', () => { next.value = location.pathname + location.search; });
        return form;
      };

      const away = (status) => {
        const key = status.heading + JSON.stringify(status.paragraphs);
        if (covered === key) return;
        covered = key;
        dismiss();
        const action = status.action;
        cover.show(status, action
          ? { label: action.label, form: formOf(action) }
          : ['queued', 'starting'].includes(status.state)
            ? { label: labels.progress, run: () => location.reload() } : undefined);
      };

      const show = (status) => {
        moments = status.moments ?? moments;
        labels = status.labels ?? labels;
        memoryTold ??= status.now - 60000;
        if (status.memory && status.memory.at > memoryTold) {
          memoryTold = status.memory.at;
          run('notify', { message: words(status.memory.message), type: 'error', options: { autoClose: false } });
        }
        if (status.state !== 'running') return away(status);
        if (covered) {
          // The lab runs again, started from another tab or moved to another host: this page belongs to an earlier run.
          if (covered === 'back') return;
          covered = 'back';
          return cover.show(
            { heading: status.heading, paragraphs: [[labels.again]] },
            { label: labels.open, run: () => location.reload() });
        }
        if (status.is_warned || status.is_out_of_reach) warn(status); else dismiss();
      };

      // Returns whether polling again is useful.
      const look = async () => {
        try {
          const response = await fetch('/.carrel/status', { cache: 'no-store' });
          // Not behind Carrel, or no longer this learner's.
          if (response.status === 403 || response.status === 404) isGone = true;
          else if (response.ok) show(await response.json());
        } catch {
          // Carrel is restarting; the next poll reaches it.
        }
      };

      let source, timer, heardAt = 0, refusedUntil = 0, lastWatch = Date.now();
      const isShared = () => /^h[23]/.test(performance.getEntriesByType('navigation')[0]?.nextHopProtocol ?? '');
      const close = () => { source?.close(); source = undefined; };

      const follow = () => {
        clearTimeout(timer);
        if (isGone) return close();
        const isSeen = document.visibilityState === 'visible';
        if (isSeen && isShared() && Date.now() >= refusedUntil) {
          if (source) return;
          heardAt = Date.now();
          source = new EventSource('/.carrel/events?page=notice');
          source.addEventListener('alive', () => { heardAt = Date.now(); });
          source.addEventListener('status', (event) => {
            heardAt = Date.now();
            show(JSON.parse(event.data));
          });
          source.onerror = () => {
            if (source?.readyState !== EventSource.CLOSED) return;
            close();
            refusedUntil = Date.now() + REFUSED;
            again();
          };
        } else {
          close();
          timer = setTimeout(again, isSeen ? ASK_SEEN : ASK_HIDDEN);
        }
      };
      const again = () => look().then(follow);

      app.commands.addCommand(KEEP, {
        label: 'Keep this lab',
        execute: async () => {
          const response = await fetch('/.carrel/keep', { method: 'POST' });
          const answer = await response.json();
          if (response.ok) return show(answer);
          run('notify', { message: answer.message, type: 'error' });
        }
      });

      app.restored.then(() => {
        again();
        document.addEventListener('visibilitychange', again);
        window.addEventListener('online', again);
        // JupyterLab has noticed a failed connection, perhaps before the stream has.
        app.serviceManager?.connectionFailure?.connect?.(look);
        setInterval(() => {
          const now = Date.now(), hasSlept = now - lastWatch > 3 * WATCH;
          lastWatch = now;
          if (source && (hasSlept || now - heardAt > SILENCE)) {
            close();
            again();
          }
        }, WATCH);
      });
    }
  };

  (window._JUPYTERLAB ??= {})['carrel-notice'] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin })
  };
})();
