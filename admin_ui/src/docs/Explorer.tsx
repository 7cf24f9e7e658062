// An OpenAPI document as a page to read and to try out, by Swagger UI.
import { useEffect, useRef } from 'react'
import SwaggerUI, { type OutgoingRequest } from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import { useTranslation } from 'react-i18next'
import { csrfHeader } from '../api/client'
import type { ApiDocument } from '../api/apiDocument'
import './explorer.css'

export function Explorer({ document }: { document: ApiDocument }) {
  const { t } = useTranslation()
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const node = place.current
    if (node === null) return
    SwaggerUI({
      domNode: node,
      spec: asSignedIn(document),
      docExpansion: 'none',
      filter: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: -1,
      requestInterceptor: withCsrf,
      // The command line that is shown has no token of this page.
      showMutatedRequest: false,
      validatorUrl: null,
    })
    const watch = new MutationObserver(() => makeReachable(node, t('apiDocs.body')))
    watch.observe(node, { childList: true, subtree: true })
    return () => {
      watch.disconnect()
      node.replaceChildren()
    }
  }, [document, t])
  return <div className="explorer" ref={place} />
}

/** What Swagger UI leaves out for those who do not see the page or have no mouse. */
function makeReachable(node: HTMLElement, body: string) {
  // The application has one main part already.
  for (const part of node.querySelectorAll('main:not([role])')) part.setAttribute('role', 'group')
  for (const text of node.querySelectorAll('textarea:not([aria-label])')) text.setAttribute('aria-label', body)
  for (const code of node.querySelectorAll('pre.microlight:not([tabindex])')) code.setAttribute('tabindex', '0')
}

/** Tried out is what the user of this page may do, at the address of this page: no token is asked for. */
function asSignedIn(document: ApiDocument) {
  const { security: _, ...rest } = document
  return { ...rest, servers: [{ url: window.location.origin }] }
}

function withCsrf(request: OutgoingRequest): OutgoingRequest {
  const isOurs = new URL(request.url, window.location.origin).origin === window.location.origin
  return isOurs ? { ...request, headers: { ...request.headers, ...csrfHeader() } } : request
}
