package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenFolder is where the API server's admission mounts a token, unless the Pod or its account wants none.
const tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

func (s *sandbox) hasToken() bool {
	return slices.ContainsFunc(s.pod.Spec.Containers, func(container corev1.Container) bool {
		return slices.ContainsFunc(container.VolumeMounts, func(mount corev1.VolumeMount) bool {
			return mount.MountPath == tokenFolder
		})
	})
}

func (s *sandbox) kubeconfig() string { return filepath.Join(s.folder, "kubeconfig") }

// writeKubeconfig gives a Pod with a token a kubeconfig: processes here have no file at tokenFolder.
func (s *sandbox) writeKubeconfig() error {
	if !s.hasToken() {
		return nil
	}
	hour := int64(3600)
	asked := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &hour}}
	accounts := s.owner.client.CoreV1().ServiceAccounts(s.pod.Namespace)
	token, err := accounts.CreateToken(context.Background(), s.pod.Spec.ServiceAccountName, asked, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	cluster := s.owner.cluster
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	config := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"local": {
			Server: cluster.Host, CertificateAuthorityData: cluster.CAData, CertificateAuthority: cluster.CAFile,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"pod": {Token: token.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"local": {Cluster: "local", AuthInfo: "pod", Namespace: s.pod.Namespace}},
		CurrentContext: "local",
	}
	return clientcmd.WriteToFile(config, s.kubeconfig())
}
