/// The one script of all pages; inlined, and allowed in the Content-Security-Policy by its hash.
///
/// It listens to the session's events, shows the panel that the server renders for each, and opens the lab when it
/// runs. A learner must never have to reload a page: the script reopens a stream that the server refuses or that falls
/// silent, and after some failures it reloads the page, which shows the error. It does so only once a server answers at
/// the address, because the browser's own error page would never return.
enum PageScript {
    static let javaScript = """
        (() => {
          const panel = document.getElementById('panel');
          const status = document.getElementById('status');
          const { events, next, state, stays } = panel.dataset;
          const localize = () => {
            for (const element of panel.querySelectorAll('time[data-form]')) {
              const then = new Date(element.dateTime), now = new Date();
              const clock = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
              const isNear = then - now < 6 * 86400e3 && then > now;
              const day = then.toDateString() === now.toDateString() ? ''
                : then.toLocaleDateString('en-GB', isNear ? { weekday: 'long' } : { day: 'numeric', month: 'long' });
              element.textContent = element.dataset.form === 'until' ? `until ${day} ${clock}`.replace('  ', ' ')
                : day ? `on ${day} at ${clock}` : `at ${clock}`;
            }
          };
          localize();
          if (!events || !window.EventSource) return;
          let source, silence, shown, failures = 0, over = false;
          const open = () => next ? location.replace(next) : location.reload();
          const reload = () => fetch(location.href, { method: 'HEAD', redirect: 'manual', cache: 'no-store' })
            .then(() => location.reload(), () => setTimeout(reload, 2000));
          const again = () => {
            source.close();
            clearTimeout(silence);
            failures += 1;
            if (failures > 5) reload();
            else setTimeout(watch, 1000 * failures);
          };
          const alive = () => {
            failures = 0;
            clearTimeout(silence);
            if (!over) silence = setTimeout(again, \(Int(PortalLimits.heartbeat / .milliseconds(1)) * 3));
          };
          const finish = () => {
            over = true;
            clearTimeout(silence);
            source.close();
          };
          const watch = () => {
            source = new EventSource(events);
            silence = setTimeout(again, \(Int(PortalLimits.heartbeat / .milliseconds(1)) * 3));
            source.onerror = () => { if (source.readyState === EventSource.CLOSED && !over) again(); };
            source.addEventListener('alive', alive);
            source.addEventListener('panel', (event) => {
              alive();
              if (shown !== event.data) panel.innerHTML = shown = event.data;
              localize();
              const heading = panel.querySelector('h1');
              if (heading) document.title = heading.textContent;
            });
            source.addEventListener('session', (event) => {
              alive();
              const view = JSON.parse(event.data);
              const text = panel.querySelector('[data-status]');
              if (text && status.textContent !== text.dataset.status) status.textContent = text.dataset.status;
              if (view.state === 'running') {
                if (stays) return;
                finish();
                setTimeout(open, state === 'running' ? 1000 : 0);
              } else if (['parked', 'ended', 'failed'].includes(view.state)) {
                finish();
                const action = panel.querySelector('button, a.button');
                if (action) action.focus();
              }
            });
          };
          watch();
        })();
        """
}
