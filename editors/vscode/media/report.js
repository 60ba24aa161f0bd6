// The page's side of a report: draws what comes, and tells what is pressed.
const vscode = acquireVsCodeApi();
const text = document.getElementById('text');
const note = document.getElementById('note');

for (const button of document.querySelectorAll('button')) {
  button.addEventListener('click', () => vscode.postMessage({ kind: button.id }));
}

document.addEventListener('click', (event) => {
  const href = event.target.closest?.('a')?.getAttribute('href');
  if (!href || (href.startsWith('#') && !href.startsWith('#file'))) return;
  event.preventDefault();
  vscode.postMessage({ kind: 'open', href });
});

window.addEventListener('message', ({ data }) => {
  text.innerHTML = data.html;
  note.textContent = data.note;
  document.body.dataset.state = data.state;
});

vscode.postMessage({ kind: 'ready' });
