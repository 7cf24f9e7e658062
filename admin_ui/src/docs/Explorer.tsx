// An OpenAPI document as a page to read and to try out, by Swagger UI.
import { useEffect, useRef } from 'react'
import SwaggerUI, { type OutgoingRequest } from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import { csrfHeader } from '../api/client'
import type { ApiDocument } from '../api/apiDocument'
import './explorer.css'

export function Explorer({ document }: { document: ApiDocument }) {
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
    return () => node.replaceChildren()
  }, [document])
  return <div className="explorer" ref={place} />
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
