(() => {
  const panel = document.getElementById('panel');
  const status = document.getElementById('status');
  const words = panel.dataset;
  const { events, next, state, stays } = words;
  const localize = () => {
    for (const element of panel.querySelectorAll('time[data-form]')) {
      const then = new Date(element.dateTime), now = new Date();
      const isToday = then.toDateString() === now.toDateString();
      const isNear = then - now < 6 * 86400e3 && then > now;
      const day = then.toLocaleDateString(words.locale, isNear ? { weekday: 'long' } : { day: 'numeric', month: 'long' });
      const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
      const clock = (/^0?1\D/.test(time) ? words.clockOne : words.clock).replace('{clock}', time);
      const form = element.dataset.form === 'until' ? (isToday ? words.untilToday : words.untilDay)
        : isToday ? words.atToday : words.atDay;
      element.textContent = form.replace('{day}', day).replace('{clock}', clock);
    }
  };
  localize();
  if (!events || !window.EventSource) return;
  let source, alarm, shown, failures = 0, over = false;
  const open = () => next ? location.replace(next) : location.reload();
  const reload = () => fetch(location.href, { method: 'HEAD', redirect: 'manual', cache: 'no-store' })
    .then(() => location.reload(), () => setTimeout(reload, 2000));
  const again = () => {
    source.close();
    clearTimeout(alarm);
    failures += 1;
    if (failures > 5) reload();
    else setTimeout(watch, 1000 * failures);
  };
  const alive = () => {
    failures = 0;
    clearTimeout(alarm);
    if (!over) alarm = setTimeout(again, Number(words.silence));
  };
  const finish = () => {
    over = true;
    clearTimeout(alarm);
    source.close();
  };
  const watch = () => {
    source = new EventSource(events);
    alarm = setTimeout(again, Number(words.silence));
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
