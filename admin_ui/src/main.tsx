// The web application starts here.
import './frame/styleNonce'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { bootstrapQuery } from './api/queries'
import { Providers, queryClient } from './frame/Providers'
import { router } from './frame/routes'
import './styles.css'

// Who asks is known while texts and screens are still on their way.
void queryClient.prefetchQuery(bootstrapQuery)

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no #root.')
createRoot(root).render(
  <Providers>
    <RouterProvider router={router} />
  </Providers>,
)
