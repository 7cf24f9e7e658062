// The page's content policy takes styles made at run time only with the word of its answer (api/web.py). Component
// libraries make theirs in several ways, not all of which can be given it; all of them make a <style> element.
// What a text smuggles in as markup never comes this way, so it stays without the word.
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce

if (nonce) {
  const create = document.createElement.bind(document)
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options)
    if (element instanceof HTMLStyleElement) element.nonce = nonce
    return element
  }) as typeof document.createElement
}
