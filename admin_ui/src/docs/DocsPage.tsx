// The partner API as the signed-in user may use it: to read, to try out, to download.
import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Select from 'antd/es/select'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { API_DOCUMENT, apiDocument, describedObjects } from '../api/apiDocument'
import { PageHeader } from '../frame/PageHeader'
import { ErrorState, PageSkeleton } from '../frame/states'
import { useIsPhone } from '../frame/useMedia'
import './docs.css'

const Explorer = lazy(async () => ({ default: (await import('./Explorer')).Explorer }))

export function DocsPage() {
  const { t } = useTranslation()
  const isPhone = useIsPhone()
  const [address, setAddress] = useSearchParams()
  const chosen = (address.get('objects') ?? '').split(',').filter(Boolean)
  const objects = useQuery({ queryKey: ['docs', 'objects'], queryFn: describedObjects })
  const document = useQuery({ queryKey: ['docs', chosen.join(',')], queryFn: () => apiDocument(chosen) })
  const choose = (names: string[]) => setAddress(names.length > 0 ? { objects: names.join(',') } : {}, { replace: true })
  return (
    <div className="page">
      <PageHeader
        title={t('apiDocs.title')}
        actions={
          <Button icon={<DownloadOutlined aria-hidden />} href={API_DOCUMENT} download="openapi.json" aria-label={t('apiDocs.download')}>
            {isPhone ? 'OpenAPI' : t('apiDocs.download')}
          </Button>
        }
      >
        <p className="muted">{t('apiDocs.lead')}</p>
      </PageHeader>
      <Select
        mode="multiple"
        className="docs-objects"
        aria-label={t('apiDocs.objects')}
        placeholder={t('apiDocs.objects')}
        value={chosen}
        onChange={choose}
        options={(objects.data ?? []).map((each) => ({ value: each.name, label: `${each.label} (${each.name})` }))}
        optionFilterProp="label"
        loading={objects.isLoading}
      />
      {document.error && <ErrorState error={document.error} onRetry={() => void document.refetch()} />}
      {document.isLoading && <PageSkeleton />}
      {document.data && (
        <Suspense fallback={<PageSkeleton />}>
          <Explorer document={document.data} />
        </Suspense>
      )}
    </div>
  )
}
