// Ctrl+Enter and Ctrl+S save, wherever in the form one is.
export function saveWithKeys(save: () => void) {
  return (event: { key: string; ctrlKey: boolean; metaKey: boolean; preventDefault: () => void }) => {
    if (!(event.ctrlKey || event.metaKey) || (event.key !== 'Enter' && event.key !== 's')) return
    event.preventDefault()
    save()
  }
}
