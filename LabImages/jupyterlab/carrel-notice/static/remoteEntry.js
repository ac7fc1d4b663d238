// A JupyterLab extension written by hand, without a build: the module container that JupyterLab loads, and one plugin.
//
// It asks Carrel how long this lab stays, at the lab's own hostname (`/.carrel/status`), and shows JupyterLab's own
// notification before the end, with "Keep it" where that helps. Asking is no activity: an open tab keeps no lab alive.
(() => {
  const LEAST = 20, MOST = 900; // Seconds between two questions; with hours to go there is no hurry.
  const KEEP = 'carrel:keep';

  const plugin = {
    id: 'carrel-notice:plugin',
    autoStart: true,
    activate: (app) => {
      let shown, shownEnd;

      const dismiss = () => {
        if (shown) app.commands.execute('apputils:dismiss-notification', { id: shown });
        shown = shownEnd = undefined;
      };

      const warn = async (status) => {
        if (shownEnd === status.ends_at) return;
        dismiss();
        shownEnd = status.ends_at;
        // By the broker's clock, not by this machine's.
        const end = new Date(Date.now() + status.ends_at - status.now);
        const time = end.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
        const isIdle = status.ends_by === 'idle';
        const canKeep = isIdle && status.keeps_left > 0;
        shown = await app.commands.execute('apputils:notify', {
          message: isIdle
            ? status.parks
              ? `This lab is parked at ${time} if nothing happens in it: kernels stop, your files are kept, and loading the page brings it back.`
              : `This lab ends at ${time} if nothing happens in it. Your files are kept.`
            : `This lab ends at ${time}, whatever happens in it. Save your work; your files are kept.`,
          type: 'warning',
          options: {
            autoClose: false,
            actions: canKeep ? [{ label: 'Keep it', commandId: KEEP, displayType: 'accent' }] : []
          }
        });
      };

      const show = (status) => (status.is_warned ? warn(status) : dismiss());

      const look = async () => {
        let wait = 60;
        try {
          const response = await fetch('/.carrel/status', { cache: 'no-store' });
          // Not behind Carrel, or not this learner's any more.
          if (response.status === 403 || response.status === 404) return;
          if (response.ok) {
            const status = await response.json();
            await show(status);
            const left = status.ends_at ? (status.ends_at - status.now) / 1000 : MOST;
            wait = Math.min(Math.max(left / 2, LEAST), MOST);
          }
        } catch {
          // Carrel restarts; the next question finds it.
        }
        setTimeout(look, wait * 1000);
      };

      app.commands.addCommand(KEEP, {
        label: 'Keep this lab',
        execute: async () => {
          const response = await fetch('/.carrel/keep', { method: 'POST' });
          const answer = await response.json();
          if (response.ok) return show(answer);
          app.commands.execute('apputils:notify', { message: answer.message, type: 'error' });
        }
      });
      app.restored.then(look);
    }
  };

  (window._JUPYTERLAB ??= {})['carrel-notice'] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin })
  };
})();
