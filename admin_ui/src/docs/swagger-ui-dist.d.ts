// What of Swagger UI is used here; the package has no types of its own.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  export interface OutgoingRequest {
    url: string
    method?: string
    headers: Record<string, string>
  }

  interface Options {
    domNode: HTMLElement
    spec: unknown
    docExpansion: 'none' | 'list'
    filter: boolean
    tryItOutEnabled: boolean
    defaultModelsExpandDepth: number
    requestInterceptor: (request: OutgoingRequest) => OutgoingRequest
    showMutatedRequest: boolean
    validatorUrl: null
  }

  export default function SwaggerUI(options: Options): unknown
}
